# Sourced by ./quickstart and ./check: steps that show their time, packages, the build.
# shellcheck shell=bash disable=SC2034

build_packages=(g++ cmake ninja-build git pkg-config ca-certificates curl
  libfmt-dev nlohmann-json3-dev libssl-dev libssh-dev libcurl4-openssl-dev libarchive-dev libre2-dev
  # What a static program needs of the libraries below those.
  zlib1g-dev libzstd-dev libbrotli-dev libnghttp2-dev libidn2-dev libunistring-dev libpsl-dev librtmp-dev libssh2-1-dev
  libldap-dev libsasl2-dev libgnutls28-dev nettle-dev libgmp-dev libacl1-dev liblzma-dev liblz4-dev libbz2-dev libxml2-dev
  libgtest-dev)
image_packages=(mmdebstrap qemu-utils qemu-system-x86 e2fsprogs fdisk grub-pc-bin grub-common
  debian-archive-keyring)
package_packages=(lowdown python3 dpkg-dev file)
test_packages=(man-db groff-base clang-format clang-tidy shellcheck python3 python3-pytest docker.io podman ansible docker-compose openssh-server
  openssh-client strace openssl busybox-static rsync sshfs fuse3 fish tcsh zsh expect iproute2 iptables gnutls-bin golang-go
  python3-jsonschema python3-digitalocean
  # The package, and package managers of other families.
  lintian dnf zypper rpm createrepo-c pacman-package-manager)

if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo); fi
build_folder=build/release
docker_machine=$PWD/$build_folder/docker-machine
times=()

# step NAME COMMAND...: runs the command under a heading and remembers how long it took.
step() {
  local name=$1 begin=$SECONDS status=0
  shift
  printf '\n==> %s\n' "$name"
  "$@" || status=$?
  times+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$name")")
  return "$status"
}

# install_packages NAME...: installs what is missing, and is silent and quick if nothing is.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && { echo "All packages are there."; return; }
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get -qq update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# build ON|OFF: the release program, with the unit tests or without.
build() {
  cmake -S . -B "$build_folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSTATIC=ON -DTESTS="$1" >/dev/null &&
    cmake --build "$build_folder"
}

machine_image=$PWD/build/machine-image.qcow2
make_image() {
  if [ -s "$machine_image" ]; then echo "$machine_image is there."; return; fi
  "${as_root[@]}" images/make-machine-image --output "$machine_image"
}
