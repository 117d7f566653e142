#pragma once
#include <map>
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// What may happen to what runs on a machine whose engine gets other options.
enum class Consent {
  none,  ///< containers run on, and images stay in sight; where that cannot be nothing is changed: Error
  may_interrupt  ///< containers stop where they have to, and images of another storage driver go out of sight
};

/// What is to change on a machine, by flags.
struct Modification {
  std::map<std::string, FlagValue> wanted;  ///< entries of a list take the place of those with their key
  std::map<std::string, std::vector<std::string>> unwanted;  ///< keys of entries that go from a list
  Consent consent = Consent::none;
};

/// A setting that was changed.
struct SettingChange {
  LivingSetting before;
  FlagValue after;
};

/// All settings of a machine, those of its engine first.
std::vector<LivingSetting> settings_of(const Runtime& runtime, const OpenMachine& open);

/// What a modification comes to: nothing for what is so already. Error(usage) that says why for a setting
/// that cannot change.
std::vector<SettingChange> changes_in(const std::vector<LivingSetting>& settings,
                                      const Modification& modification, const std::string& machine);

/// Changes settings of a machine that lives, and brings them to where they count: to its provider, to its
/// engine. First come the driver's: what they say of how the machine or its provider is reached is tried
/// before it is kept. Then the engine's: if it does not take them, it has those that it had. Gives what was
/// changed.
std::vector<SettingChange> modify_machine(const Runtime& runtime, const std::string& name,
                                          const Modification& modification, Task& task);

}  // namespace dm
