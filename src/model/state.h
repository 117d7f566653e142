#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace dm {

/// What a machine is doing; the numbers are those of the plugin protocol.
enum class State { none, running, paused, saved, stopped, stopping, starting, error, timeout };

/// As `status` and `ls` print it: "Running", …; "" for none.
std::string text(State state);
/// The reverse, upper and lower case alike.
std::optional<State> state_named(std::string_view text);

}  // namespace dm
