// The engine's settings, as flags.
#include "operations/engine_settings.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"

namespace dm {
namespace {

using S = EngineSettings;

Setting<S> row(const char* key, Setting<S>::Member member, const char* flag, const char* help,
               const char* key_ends = "") {
  return {.key = key,
          .member = member,
          .flag = flag,
          .help = help,
          .change = Change::engine,
          .key_ends = key_ends};
}

void expect_pairs(const char* flag, const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    if (entry.find('=') != std::string::npos && !entry.starts_with('=')) continue;
    throw Error(fmt::format("--{} {}: give KEY=VALUE", flag, go_quote(entry)), Reason::usage);
  }
}

std::vector<Setting<S>> all_rows() {
  auto install_url = changing(Change::noted, row("InstallURL", &S::install_url, "engine-install-url",
                                                 "Custom URL to use for engine installation"));
  install_url.variable = "MACHINE_DOCKER_INSTALL_URL";
  auto version = changing(Change::fixed,
                          row("Version", &S::version, "engine-version",
                              "Version of the engine to install, e.g. 24.0 or 24.0.7 (default: the newest)"));
  version.instead = "The engine's version is changed by \"docker-machine upgrade --engine-version\"";
  auto mirror =
      row("RegistryMirror", &S::registry_mirror, "engine-registry-mirror", "Specify registry mirrors to use");
  mirror.variable = "ENGINE_REGISTRY_MIRROR";
  return {
      install_url,
      version,
      row("ArbitraryFlags", &S::arbitrary_flags, "engine-opt",
          "Specify arbitrary flags to include with the created engine in the form flag=value", "= "),
      row("InsecureRegistry", &S::insecure_registry, "engine-insecure-registry",
          "Specify insecure registries to allow with the created engine"),
      mirror,
      row("Labels", &S::labels, "engine-label", "Specify labels for the created engine", "="),
      row("StorageDriver", &S::storage_driver, "engine-storage-driver",
          "Specify a storage driver to use with the engine"),
      row("Env", &S::environment, "engine-env", "Specify environment variables to set in the engine", "="),
      row("ServerCertSANs", &S::sans, "tls-san", "Support extra SANs for TLS certs")};
}

}  // namespace

const SettingsTable<EngineSettings>& engine_settings() {
  static const SettingsTable<EngineSettings> table("engine", all_rows());
  return table;
}

EngineSettings engine_settings_of(const Machine& machine) {
  EngineSettings settings;
  static_cast<EngineOptions&>(settings) = machine.engine;
  settings.sans = machine.auth.server_cert_sans;
  return settings;
}

void set_engine(Machine& machine, const EngineSettings& settings) {
  machine.engine = settings;
  machine.auth.server_cert_sans = settings.sans;
}

void check_sans(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const bool is_plain =
        std::ranges::all_of(name, [](char letter) { return letter > ' ' && letter < 0x7f && letter != '/'; });
    if (name.empty() || !is_plain) {
      throw Error(fmt::format("--tls-san {} is neither a host name nor an address", go_quote(name)),
                  Reason::usage);
    }
  }
}

void check_engine(const EngineSettings& settings) {
  expect_pairs("engine-label", settings.labels);
  expect_pairs("engine-env", settings.environment);
  check_sans(settings.sans);
}

}  // namespace dm
