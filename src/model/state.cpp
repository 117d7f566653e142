// The states' names.
#include "model/state.h"

#include <array>

#include "base/strings.h"

namespace dm {
namespace {
constexpr std::array names{"",         "Running",  "Paused", "Saved",  "Stopped",
                           "Stopping", "Starting", "Error",  "Timeout"};
}

std::string text(State state) { return names.at(static_cast<size_t>(state)); }

std::optional<State> state_named(std::string_view text) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (lower(names[i]) == lower(text)) return static_cast<State>(i);
  }
  return std::nullopt;
}

}  // namespace dm
