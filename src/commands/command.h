#pragma once
#include <istream>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/help.h"
#include "operations/runtime.h"

namespace dm {

struct Command;

/// The program as a whole, as far as commands show it.
struct Application {
  Program program;                        ///< its name and version
  std::vector<std::string> command_line;  ///< as typed, argv[0] first
  std::vector<Flag> global_flags;
  std::span<const Command* const> commands;
};

/// What a command gets.
struct Context {
  const Application& application;
  const Command& command;
  const Arguments& arguments;  ///< the command's own
  const Arguments& global;
  const Runtime& runtime;
  std::istream& in;
  std::ostream& out;  ///< what the command was asked for; messages go to the task's log
  Task& task;
};

/// Where a command's messages go, besides its answer.
enum class Messages {
  on_output,  ///< info lines belong to the answer, as in the original
  on_error    ///< the answer is evaluated by a shell: nothing else may stand in it
};

/// One verb: a row of the catalogue.
struct Command {
  Syntax syntax;
  /// Does it; gives the exit code.
  int (*run)(Context& context) = nullptr;
  Messages messages = Messages::on_output;
  FlagOrder help_order = FlagOrder::as_declared;
  /// Further flags that depend on the command line itself (`create`: the driver's); may be null.
  std::vector<Flag> (*more_flags)(std::span<const std::string> arguments, const Runtime& runtime,
                                  Task& task) = nullptr;
};

/// All commands, in the order of the help.
std::span<const Command* const> all_commands();
/// The command of that name or alias, or nullptr.
const Command* find_command(std::string_view name);

}  // namespace dm
