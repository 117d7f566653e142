#pragma once
#include <string>
#include <vector>

#include "drivers/settings.h"
#include "model/machine.h"

namespace dm {

/// What `create` and `modify` can be told of a machine's engine.
struct EngineSettings : EngineOptions {
  EngineSettings() { install_url = "https://get.docker.com"; }
  std::vector<std::string> sans;  ///< further names in its certificate
};

/// The one declaration of these settings. Their "record" has the keys of config.json and stands in no file.
const SettingsTable<EngineSettings>& engine_settings();

EngineSettings engine_settings_of(const Machine& machine);
/// Puts the settings into a machine.
void set_engine(Machine& machine, const EngineSettings& settings);
/// Error(usage) for what a certificate cannot name.
void check_sans(const std::vector<std::string>& names);
/// Error(usage) for entries that no engine takes.
void check_engine(const EngineSettings& settings);

}  // namespace dm
