#pragma once
#include <string>

namespace dm {

/// What a machine is doing; the numbers are those of the plugin protocol.
enum class State { none, running, paused, saved, stopped, stopping, starting, error, timeout };

/// As `status` and `ls` print it: "Running", …; "" for none.
std::string text(State state);

}  // namespace dm
