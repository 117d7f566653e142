// The states' names.
#include "model/state.h"

#include <array>

namespace dm {
namespace {
constexpr std::array names{"",         "Running",  "Paused", "Saved",  "Stopped",
                           "Stopping", "Starting", "Error",  "Timeout"};
}

std::string text(State state) { return names.at(static_cast<size_t>(state)); }

}  // namespace dm
