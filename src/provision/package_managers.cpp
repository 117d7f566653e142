// How packages are installed: one value for each package manager.
#include "provision/distribution.h"

namespace dm {
namespace {

// needrestart would ask, or restart services (sshd too) on its own.
const std::string apt_get =
    "env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y --no-install-recommends "
    "-o DPkg::Lock::Timeout=10 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold ";

}  // namespace

const PackageManager apt{
    .functions = R"sh(owner_of() { dpkg -S "$1" 2>/dev/null | sed 's/:.*//' | head -n 1; }
versions_of() { apt-cache madison "$1" 2>/dev/null | sed 's/^[^|]*| *\([^ |]*\).*/\1/'; }
spec_of() { echo "$1=$2"; }
)sh",
    .refresh = "apt-get -q -o DPkg::Lock::Timeout=10 update",
    .install = apt_get + "install",
    .install_version = apt_get + "--allow-downgrades install",
    .upgrade = apt_get + "--only-upgrade install",
    .remove = apt_get + "purge",
    .knows = "apt-cache show",
    .busy = "Could not get lock|Unable to lock",
    .broken = "dpkg --configure -a",
    .repair = "env DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a",
};

// Both wait for another one at work by themselves. dnf answers in a form for programs; yum only with
// yum-utils, which few systems have, and without it with a list for people. rpm leaves out the epoch (before
// the colon), which yum and dnf would want in different places.
const PackageManager rpm{
    .functions = R"sh(rpm_manager() {
  if command -v dnf >/dev/null 2>&1; then dnf "$@"; else yum "$@"; fi
}
owner_of() { rpm -qf --queryformat '%{NAME}\n' "$1" 2>/dev/null | head -n 1; }
query_versions() {
  if command -v dnf >/dev/null 2>&1; then
    dnf -q repoquery --queryformat '%{evr}\n' "$1"
  else
    repoquery --show-duplicates --queryformat '%{epoch}:%{version}-%{release}' "$1"
  fi
}
list_versions() { rpm_manager -q list --showduplicates "$1" | sed -n "s/^$1[^ ]* *\([^ ]*\).*/\1/p"; }
versions_of() { { query_versions "$1" || list_versions "$1"; } 2>/dev/null | sed -e '/^$/d' -e 's/^0://' | sort -rVu; }
spec_of() { echo "$1-${2#*:}"; }
install_version() { rpm_manager -q -y install "$@" && rpm -q "$@" >/dev/null || rpm_manager -q -y downgrade "$@"; }
)sh",
    .refresh = "rpm_manager -q makecache",
    .install = "rpm_manager -q -y install",
    .install_version = "install_version",
    .upgrade = "rpm_manager -q -y upgrade",
    .remove = "rpm_manager -q -y remove",
    .knows = "rpm_manager -q list",
    .busy = "Existing lock|Failed to obtain the transaction lock",
    .broken = "rpmdb open failed|DB_RUNRECOVERY",
    .repair = "rpm --rebuilddb",
};

const PackageManager pacman{
    .functions = R"sh(owner_of() { pacman -Qqo "$1" 2>/dev/null | head -n 1; }
versions_of() { pacman -Sddp --print-format '%v' "$1" 2>/dev/null; }
spec_of() { echo "$1"; }
)sh",
    .refresh = "pacman -Sy --noconfirm --noprogressbar",
    .install = "pacman -S --needed --noconfirm --noprogressbar",
    .install_version = "pacman -S --needed --noconfirm --noprogressbar",
    .upgrade = "pacman -S --needed --noconfirm --noprogressbar",
    .remove = "pacman -R --noconfirm --noprogressbar",
    .knows = "pacman -Si",
    .busy = "unable to lock database",
    .broken = "unknown trust|invalid or corrupted package \\(PGP signature\\)",
    .repair = "pacman -Sy --noconfirm --noprogressbar archlinux-keyring",
};

const PackageManager zypper{
    .functions = R"sh(owner_of() { rpm -qf --queryformat '%{NAME}\n' "$1" 2>/dev/null | head -n 1; }
versions_of() {
  zypper -n --no-refresh --xmlout search -s -x -t package "$1" 2>/dev/null |
    sed -n '/ kind="package"/s/.* edition="\([^"]*\)".*/\1/p' | sort -rVu
}
spec_of() { echo "$1=$2"; }
)sh",
    .refresh = "zypper -n refresh",
    .install = "zypper -n install",
    .install_version = "zypper -n install --oldpackage",
    .upgrade = "zypper -n update",
    .remove = "zypper -n remove",
    .knows = "zypper -n --no-refresh search -x -t package",
    .busy = "System management is locked",
};

// Alpine has its engine in a repository that a fresh system names, but does not use.
const PackageManager apk{
    .functions =
        R"sh(owner_of() { apk info -q -W "$1" 2>/dev/null | head -n 1 | sed 's/-[0-9][^-]*-r[0-9]*$//'; }
versions_of() { apk policy "$1" 2>/dev/null | sed -n 's/^  \([^ ]*\):$/\1/p'; }
spec_of() { echo "$1=$2"; }
known() { apk search -q -e "$1" | grep -q .; }
use_community() {
  grep -q '^[^#].*/community' /etc/apk/repositories ||
    sed -i -e 's|^# *\(.*/community\)$|\1|' /etc/apk/repositories
  grep -q '^[^#].*/community' /etc/apk/repositories ||
    sed -n 's|^\([^#].*\)/main$|\1/community|p' /etc/apk/repositories >>/etc/apk/repositories
  apk -q update
}
)sh",
    .refresh = "apk -q update",
    .install = "apk -q add",
    .install_version = "apk -q add",
    .upgrade = "apk -q add --upgrade",
    .remove = "apk -q del",
    .knows = "known",
    .busy = "Unable to lock database",
    .broken = "\\(no such package\\)",
    .repair = "use_community",
};

}  // namespace dm
