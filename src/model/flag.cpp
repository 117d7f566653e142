// Values of flags as text.
#include "model/flag.h"

#include "base/strings.h"

namespace dm {

std::string text_of(const FlagValue& value) {
  if (const auto* wanted = std::get_if<bool>(&value)) return *wanted ? "true" : "false";
  if (const auto* number = std::get_if<long long>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return join(std::get<std::vector<std::string>>(value), ", ");
}

}  // namespace dm
