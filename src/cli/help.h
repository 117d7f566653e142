#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"

namespace dm {

/// What the head of the application's help says.
struct Program {
  std::string name;     ///< base name of argv[0]
  std::string version;  ///< "0.17.0, build 0123abcd"
};

/// The application's help in the original's layout (columns aligned with tabs), ending in a newline.
std::string application_help(const Program& program, std::span<const Flag> flags,
                             std::span<const Syntax> commands);

/// In which order a command's flags are shown.
enum class FlagOrder { as_declared, by_text };
/// One command's help in the original's layout, ending in a newline.
std::string command_help(const Syntax& command, FlagOrder order = FlagOrder::as_declared,
                         std::string_view program = "docker-machine");

}  // namespace dm
