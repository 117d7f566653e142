// The distributions that can be provisioned, a row each.
#include "provision/distribution.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

const EnginePaths systemd_paths{
    .certificates = "/etc/docker",
    .options = "/etc/systemd/system/docker.service.d/10-machine.conf",
};

const std::vector<Step> systemd_steps{
    {"cloud-init", wait_for_cloud_init},  {"hostname", set_hostname},         {"engine", install_engine},
    {"certificates", write_certificates}, {"options", write_systemd_options}, {"restart", restart_engine},
};
const std::vector<Step> shell_steps{
    {"cloud-init", wait_for_cloud_init},  {"hostname", set_hostname},       {"engine", install_engine},
    {"certificates", write_certificates}, {"options", write_shell_options}, {"restart", restart_engine},
};
const std::vector<Step> boot2docker_steps{
    {"hostname", set_boot2docker_hostname}, {"engine", install_engine},  {"certificates", write_certificates},
    {"options", write_boot2docker_options}, {"restart", restart_engine},
};
const std::vector<Step> rancheros_steps{
    {"hostname", set_rancheros_hostname}, {"engine", install_engine},  {"certificates", write_certificates},
    {"options", write_shell_options},     {"restart", restart_engine},
};

// Which distributions get.docker.com serves: centos, debian, fedora, raspbian, rhel and ubuntu, and it says
// "Unsupported distribution" to all others (https://docs.docker.com/engine/install/).
constexpr auto by_script = EngineSource::install_script, by_packages = EngineSource::packages,
               by_image = EngineSource::image;

// apparmor: without it, no container starts on a kernel that has AppArmor enabled. docker-cli: since Debian
// 13 the client is a package of its own.
Distribution debian_like(std::string name, std::vector<std::string> ids, EngineSource source) {
  return {.name = std::move(name),
          .ids = std::move(ids),
          .source = source,
          .packages = &apt,
          .services = &systemd,
          .paths = systemd_paths,
          .engine_packages = {"docker.io", "apparmor", "ca-certificates"},
          .engine_packages_if_known = {"docker-cli"},
          .fetch_packages = {"curl", "ca-certificates"},
          .storage_driver = "overlay2",
          .steps = systemd_steps};
}

Distribution with_systemd(std::string name, std::vector<std::string> ids, EngineSource source,
                          const PackageManager* packages, std::vector<std::string> engine_packages,
                          std::string prepare = "") {
  return {.name = std::move(name),
          .ids = std::move(ids),
          .source = source,
          .packages = packages,
          .services = &systemd,
          .paths = systemd_paths,
          .prepare_packages = std::move(prepare),
          .engine_packages = std::move(engine_packages),
          .fetch_packages = {"curl", "ca-certificates"},
          .storage_driver = "overlay2",
          .steps = systemd_steps};
}

// Red Hat's own repositories have no Docker; Docker's have, for CentOS and RHEL, and all their kin take
// CentOS' packages. curl is there wherever yum is, which is built on its library.
Distribution red_hat_like(std::string name, std::vector<std::string> ids, EngineSource source,
                          const std::string& repository) {
  const std::string prepare =
      "why=$(curl -fsSL --connect-timeout 15 --max-time 120 -o /etc/yum.repos.d/docker-ce.repo "
      "https://download.docker.com/linux/" +
      repository + "/docker-ce.repo 2>&1) ||\n  fail \"error installing docker: no repository: $why\"\n";
  return with_systemd(std::move(name), std::move(ids), source, &rpm,
                      {"docker-ce", "docker-ce-cli", "containerd.io"}, prepare);
}

Distribution by_image_of(std::string name, std::vector<std::string> ids, const ServiceManager* services,
                         EnginePaths paths, std::vector<Step> steps) {
  return {.name = std::move(name),
          .ids = std::move(ids),
          .source = by_image,
          .services = services,
          .paths = std::move(paths),
          .storage_driver = "overlay2",
          .steps = std::move(steps)};
}

Distribution only_if(bool (*fits)(const OsRelease&), Distribution row) {
  row.fits = fits;
  return row;
}

/// Before 15.04 Ubuntu had upstart. A version that is no number is a new one.
bool has_upstart(const OsRelease& release) {
  char* end = nullptr;
  const double version = std::strtod(release.version_id.c_str(), &end);
  return end != release.version_id.c_str() && version < 15.04;
}

bool is_coreos(const OsRelease& release) { return release.variant_id == "coreos"; }

Distribution ubuntu_upstart() {
  Distribution row = debian_like("ubuntu(upstart)", {"ubuntu"}, by_script);
  row.services = &upstart;
  row.paths.options = "/etc/default/docker";
  row.steps = shell_steps;
  return row;
}

Distribution alpine() {
  return {.name = "alpine",
          .ids = {"alpine"},
          .source = by_packages,
          .packages = &apk,
          .services = &openrc,
          .paths = {.certificates = "/etc/docker", .options = "/etc/conf.d/docker"},
          .engine_packages = {"docker"},
          .fetch_packages = {"curl", "ca-certificates"},
          .storage_driver = "overlay2",
          .steps = shell_steps};
}

/// Amazon Linux 2 has docker among its "extras"; later ones have it like any package.
const std::string amazon_extras =
    "if command -v amazon-linux-extras >/dev/null 2>&1; then amazon-linux-extras enable docker >/dev/null; "
    "fi\n";
/// SLES has it in a module that has to be registered. openSUSE has no SUSEConnect.
const std::string suse_module =
    R"sh(if command -v SUSEConnect >/dev/null 2>&1 && ! $knows docker >/dev/null 2>&1; then
  . /etc/os-release
  SUSEConnect -p "sle-module-containers/$VERSION_ID/$(uname -m)" ||
    fail "error installing docker: SUSEConnect could not add the containers module: register the machine with SCC or SMT"
fi
)sh";

std::vector<Distribution> all_rows() {
  const EnginePaths rancher{.certificates = "/var/lib/rancher/conf",
                            .options = "/var/lib/rancher/conf/docker"};
  const EnginePaths boot2docker{.certificates = "/var/lib/boot2docker",
                                .options = "/var/lib/boot2docker/profile"};
  Distribution suse = with_systemd(
      "SUSE",
      {"suse", "sles", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "opensuse-slowroll"},
      by_packages, &zypper, {"docker"}, suse_module);
  suse.storage_driver.clear();
  return {
      // Special cases go before the rule.
      only_if(has_upstart, ubuntu_upstart()),
      only_if(is_coreos, by_image_of("fedora coreos", {"fedora"}, &systemd, systemd_paths, systemd_steps)),
      debian_like("ubuntu(systemd)", {"ubuntu"}, by_script),
      debian_like("debian", {"debian"}, by_script),
      debian_like("raspbian", {"raspbian"}, by_script),
      debian_like("kali", {"kali"}, by_packages),
      debian_like("linuxmint", {"linuxmint"}, by_packages),
      red_hat_like("centos", {"centos"}, by_script, "centos"),
      red_hat_like("redhat", {"rhel"}, by_script, "rhel"),
      red_hat_like("ol", {"ol"}, by_packages, "centos"),
      red_hat_like("rocky", {"rocky"}, by_packages, "centos"),
      red_hat_like("almalinux", {"almalinux"}, by_packages, "centos"),
      with_systemd("fedora", {"fedora"}, by_script, &rpm, {"moby-engine"}),
      with_systemd("amazonlinux", {"amzn"}, by_packages, &rpm, {"docker"}, amazon_extras),
      with_systemd("arch", {"arch"}, by_packages, &pacman, {"docker"}),
      suse,
      alpine(),
      by_image_of("flatcar", {"flatcar"}, &systemd, systemd_paths, systemd_steps),
      by_image_of("coreOS", {"coreos"}, &systemd, systemd_paths, systemd_steps),
      by_image_of("rancheros", {"rancheros"}, &system_docker, rancher, rancheros_steps),
      by_image_of("boot2docker", {"boot2docker"}, &boot2docker_init, boot2docker, boot2docker_steps),
  };
}

const std::vector<Distribution>& table() {
  static const std::vector<Distribution> rows = all_rows();
  return rows;
}

bool has_id(const Distribution& row, const std::string& id) {
  return std::ranges::find(row.ids, id) != row.ids.end();
}

}  // namespace

std::span<const Distribution> distributions() { return table(); }

const Distribution* find_distribution(const OsRelease& release) {
  for (const auto& row : table()) {
    if (has_id(row, lower(release.id)) && (row.fits == nullptr || row.fits(release))) return &row;
  }
  // What is like another one has version numbers of its own: only the rule holds.
  for (const auto& word : split(lower(release.id_like), ' ')) {
    for (const auto& row : table()) {
      if (row.fits == nullptr && has_id(row, word)) return &row;
    }
  }
  return nullptr;
}

}  // namespace dm
