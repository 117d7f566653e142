// The distributions that can be provisioned, a row each.
#include "provision/distribution.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

// needrestart would ask, or restart services (sshd too) on its own.
const PackageManager apt{
    .refresh = "apt-get -q -o DPkg::Lock::Timeout=10 update",
    .install =
        "env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y --no-install-recommends "
        "-o DPkg::Lock::Timeout=10 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
        "install",
    .knows = "apt-cache show",
    .busy = "Could not get lock|Unable to lock",
    .broken = "dpkg --configure -a",
    .repair = "env DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a",
};

// reset-failed, since many restarts within a minute would run into the unit's start limit. The engine's unit
// has no limit for starting: a hanging start has to be ended by us.
const ServiceManager systemd{
    .name = "systemd",
    .restart =
        "limited 30 systemctl daemon-reload && "
        "{ systemctl reset-failed docker.service docker.socket 2>/dev/null || :; } && "
        "limited 120 systemctl -f restart docker",
    .enable = "systemctl is-enabled --quiet docker 2>/dev/null || systemctl -f enable docker",
    .has_failed = "systemctl is-failed --quiet docker",
    .journal = "limited 20 journalctl --unit=docker --lines=20 --no-pager --output=cat",
    // Drop-ins apply in the order of their names: one after ours (e.g. override.conf) would silently win.
    .check_files =
        R"sh(for file in $(systemctl show --property=DropInPaths docker | sed 's/^DropInPaths=//'); do
  last=$(printf '%s\n' "${file##*/}" "${options_file##*/}" | sort | tail -n 1)
  if [ "$last" != "${options_file##*/}" ] && grep -q '^ExecStart=' "$file" 2>/dev/null; then
    fail "The file $file on the machine overrides the engine's options: remove its lines ExecStart=," \
      "and give what they set with --engine-opt"
  fi
done
)sh",
};

const EnginePaths systemd_paths{
    .certificates = "/etc/docker",
    .options = "/etc/systemd/system/docker.service.d/10-machine.conf",
};

// apparmor: without it, no container starts on a kernel that has AppArmor enabled. docker-cli: since Debian
// 13 the client is a package of its own.
const std::vector<std::string> debian_engine{"docker.io", "apparmor", "ca-certificates"};
const std::vector<std::string> debian_engine_if_known{"docker-cli"};
const std::vector<std::string> debian_fetch{"curl", "ca-certificates"};

const std::vector<Step> systemd_steps{
    {"cloud-init", wait_for_cloud_init},  {"hostname", set_hostname},         {"engine", install_engine},
    {"certificates", write_certificates}, {"options", write_systemd_options}, {"restart", restart_engine},
};

/// Before 15.04 Ubuntu had upstart. A version that is no number is a new one.
bool has_systemd_since_15_04(const OsRelease& release) {
  char* end = nullptr;
  const double version = std::strtod(release.version_id.c_str(), &end);
  return end == release.version_id.c_str() || version >= 15.04;
}

const std::vector<Distribution> table{
    {.name = "ubuntu(systemd)",
     .ids = {"ubuntu"},
     .fits = has_systemd_since_15_04,
     .packages = &apt,
     .services = &systemd,
     .paths = systemd_paths,
     .engine_packages = debian_engine,
     .engine_packages_if_known = debian_engine_if_known,
     .fetch_packages = debian_fetch,
     .storage_driver = "overlay2",
     .steps = systemd_steps},
    {.name = "debian",
     .ids = {"debian"},
     .fits = nullptr,
     .packages = &apt,
     .services = &systemd,
     .paths = systemd_paths,
     .engine_packages = debian_engine,
     .engine_packages_if_known = debian_engine_if_known,
     .fetch_packages = debian_fetch,
     .storage_driver = "overlay2",
     .steps = systemd_steps},
};

const Distribution* row_named(const std::string& id) {
  for (const auto& row : table) {
    if (std::ranges::find(row.ids, id) != row.ids.end()) return &row;
  }
  return nullptr;
}

}  // namespace

std::span<const Distribution> distributions() { return table; }

const Distribution* find_distribution(const OsRelease& release) {
  for (const auto& row : table) {
    const bool named = std::ranges::find(row.ids, lower(release.id)) != row.ids.end();
    if (named && (row.fits == nullptr || row.fits(release))) return &row;
  }
  // A release that a row names and refuses is not what its relatives are.
  if (row_named(lower(release.id)) != nullptr) return nullptr;
  for (const auto& word : split(lower(release.id_like), ' ')) {
    if (const auto* row = row_named(word)) return row;
  }
  return nullptr;
}

}  // namespace dm
