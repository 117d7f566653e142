#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dm {

/// The driver that a command line names, before it can be parsed: the driver brings flags of its own.
std::optional<std::string> driver_named_in(std::span<const std::string> arguments);

/// All drivers that may be named.
std::vector<std::string> driver_names();

}  // namespace dm
