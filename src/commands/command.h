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

/// How the docker client's users call us when we are its plugin.
inline constexpr std::string_view name_as_plugin = "docker machine";

/// The program as a whole, as far as commands show it.
struct Application {
  Program program;                        ///< its name and version
  std::vector<std::string> command_line;  ///< as typed, argv[0] first
  std::vector<Flag> global_flags;
  std::span<const Command* const> commands;

  /// How usage lines call the program, whatever its file is called.
  std::string_view usage_name() const {
    return program.name == name_as_plugin ? name_as_plugin : "docker-machine";
  }
};

/// What a command gets.
struct Context {
  const Application& application;
  const Command& command;
  const Syntax& syntax;        ///< the command's, with the flags that depend on the command line
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

/// What the words of a command line that are no flags name, for completion.
enum class Operands {
  none,
  machine,    ///< the first one a machine
  machines,   ///< each a machine
  locations,  ///< each a path, here or as MACHINE:PATH
  choice      ///< the first one of the command's `choices`
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
  Operands operands = Operands::none;
  /// What the value of that flag may be, or the first word if the flag is ""; for completion. Of values like
  /// KEY=VALUE, those with one key stand together, and "KEY=" means that any value may follow. May be null.
  std::vector<std::string> (*choices)(const std::string& flag, const Store& store) = nullptr;
};

/// All commands, in the order of the help.
std::span<const Command* const> all_commands();
/// The command of that name or alias, or nullptr.
const Command* find_command(std::string_view name);

}  // namespace dm
