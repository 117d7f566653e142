"""The root file systems of the hosts: built once with mmdebstrap, cached under a hash of their recipe."""

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
BUILD_LIMIT = 900  # seconds
KEPT_UNUSED = 14 * 24 * 3600  # seconds

COMMON_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "ca-certificates",
)
#: What each kind of host consists of. A new kind is one more row.
PACKAGES = {
    "bare": COMMON_PACKAGES,
    "docker": COMMON_PACKAGES + ("docker.io", "curl"),
    "bullseye": COMMON_PACKAGES,
    "trixie": COMMON_PACKAGES,
    # As a cloud's image: its user, host keys and whatever else come of cloud-init, from user-data.
    "cloud": COMMON_PACKAGES + ("cloud-init", "curl", "iptables"),
    "cloud-docker": COMMON_PACKAGES + ("cloud-init", "curl", "iptables", "docker.io"),
}
CLOUD_KINDS = ("cloud", "cloud-docker")
HOST_KINDS = tuple(kind for kind in PACKAGES if kind not in CLOUD_KINDS)


def suite_of(kind):
    """Debian's release that the image is made of: its own name, or the one that the tests run on."""
    return kind if kind in ("bullseye", "trixie") else SUITE

# Run with the new root as "$1". What is left out here is what must differ from host to host, what would
# tell of the computer that built the image, and what would hold apt's lock at a time nobody chose.
CUSTOMIZE = r"""
set -e
chroot "$1" useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD:ALL' > "$1/etc/sudoers.d/admin"
chmod 0440 "$1/etc/sudoers.d/admin"
rm -f "$1"/etc/ssh/ssh_host_*
: > "$1/etc/machine-id"
: > "$1/etc/resolv.conf"
chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer
"""

# Networks are docker's business here, and the only source of user-data is the folder that a host is born with.
CUSTOMIZE_CLOUD = r"""
set -e
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/cloud/cloud.cfg.d/*dpkg*
: > "$1/etc/machine-id"
: > "$1/etc/resolv.conf"
chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer
echo 'datasource_list: [NoCloud]' > "$1/etc/cloud/cloud.cfg.d/95-datasource.cfg"
echo 'network: {config: disabled}' > "$1/etc/cloud/cloud.cfg.d/95-network.cfg"
"""

LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def cache_folder():
    """The folder that outlives a run: DM_TEST_CACHE, or one in the user's cache."""
    chosen = os.environ.get("DM_TEST_CACHE") or "~/.cache/docker-machine-tests"
    folder = Path(chosen).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(name):
    """Holds a lock of the cache folder, against other runs of the tests on this computer."""
    with open(cache_folder() / f"{name}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def apt_options():
    """Those of this computer's apt settings without which its mirror may be out of reach."""
    names = ("Acquire::http::Proxy", "Acquire::https::Proxy",
             "Acquire::Check-Valid-Until", "Acquire::Check-Date")
    answer = subprocess.run(
        ["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', *names],
        check=True, capture_output=True, text=True, timeout=30).stdout
    return [line for line in answer.splitlines() if line.split(" ", 1)[0] in names]


def apt_sources(suite):
    """The lines by which a computer of that suite gets Debian's packages where this one gets them; empty if it has none."""
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)",
         "Created-By: Packages"],
        check=True, capture_output=True, text=True, timeout=30).stdout
    lines = []
    for row in answer.splitlines():
        uri, release, component, origin = (row.split() + [""] * 4)[:4]
        if origin == "Debian" and release.startswith(SUITE) and component == "main":
            line = f"deb {uri} {release} main"
            if suite != SUITE:  # its updates may lie elsewhere
                line = f"deb {uri} {suite} main" if release == SUITE else None
            if line and line not in lines:
                lines.append(line)
    return lines


def recipe(kind):
    """The command that makes the image, but for the name of the tar and for what only this computer knows."""
    argv = ["mmdebstrap", "--quiet", "--mode=root", "--format=tar", "--variant=minbase",
            "--include=" + ",".join(PACKAGES[kind]),
            '--aptopt=APT::Install-Recommends "false"']
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    customize = CUSTOMIZE_CLOUD if kind in CLOUD_KINDS else CUSTOMIZE
    argv += [f"--customize-hook=sh -c {shlex.quote(customize)} customize \"$1\""]
    return argv


def tar_path(kind):
    """Where the image's tar is, or will be. Asking apt itself would cost each run a second."""
    recipe_hash = hashlib.sha256("\0".join([suite_of(kind), *recipe(kind)]).encode())
    apt = Path("/etc/apt")
    for path in sorted([*apt.glob("sources.list*"), *apt.glob("sources.list.d/*"), *apt.glob("apt.conf*"),
                        *apt.glob("apt.conf.d/*")]):
        if path.is_file():
            recipe_hash.update(f"\0{path}\0".encode() + path.read_bytes())
    return cache_folder() / f"{kind}-{recipe_hash.hexdigest()[:16]}.tar"


def build(kind, say):
    """Makes the tar of one image unless it is there, and returns its path. Takes about 30 s when it must."""
    path = tar_path(kind)
    with locked(f"build-{kind}"):
        if path.exists():
            os.utime(path)
            return path
        say(f"making the image '{kind}' out of Debian packages (once): {path}")
        draft = path.with_suffix(".draft")
        argv = recipe(kind) + [f"--aptopt={option}" for option in apt_options()]
        argv += [suite_of(kind), str(draft), *apt_sources(suite_of(kind))]
        made = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=BUILD_LIMIT)
        if made.returncode != 0:
            draft.unlink(missing_ok=True)
            raise RuntimeError(f"mmdebstrap could not make the image '{kind}':\n{made.stderr[-4000:]}")
        draft.rename(path)
    forget_unused()
    return path


def forget_unused():
    """Removes what no run has asked for in two weeks: the recipes change, and the cache shall not grow."""
    ours = ("*.tar", "*.draft", "store-*", "draft-*")
    for path in [path for pattern in ours for path in cache_folder().glob(pattern)]:
        try:
            if time.time() - path.stat().st_mtime > KEPT_UNUSED:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:
            pass  # another run was quicker
