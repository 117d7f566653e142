// Drivers on command lines.
#include "commands/driver_words.h"

#include <array>

#include "drivers/catalogue.h"

namespace dm {

std::optional<std::string> driver_named_in(std::span<const std::string> arguments) {
  constexpr std::array names{"-d", "--d", "-driver", "--driver"};
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    for (const std::string name : names) {
      if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
      if (arguments[i].starts_with(name + "=")) return arguments[i].substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::vector<std::string> driver_names() {
  std::vector<std::string> names;
  for (const DriverType* type : built_in_drivers()) names.push_back(type->name());
  return names;
}

}  // namespace dm
