// `help`: of the program, or of one command.
#include <fmt/core.h>

#include "commands/command.h"

namespace dm {
namespace {

int run(Context& context) {
  const Application& application = context.application;
  if (context.arguments.words.empty()) {
    std::vector<Syntax> syntaxes;
    for (const Command* command : application.commands) syntaxes.push_back(command->syntax);
    context.out << application_help(application.program, application.global_flags, syntaxes);
    return 0;
  }
  const std::string& name = context.arguments.words.front();
  const Command* command = find_command(name);
  if (command == nullptr) {
    throw Error(fmt::format("{0}: '{1}' is not a {0} command. See '{2} --help'.", application.program.name,
                            name, application.command_line.front()),
                Reason::usage);
  }
  context.out << command_help(command->syntax, FlagOrder::as_declared, application.usage_name());
  return 0;
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  std::vector<std::string> names;
  for (const Command* command : all_commands()) {
    if (flag.empty() && !command->syntax.hidden) names.push_back(command->syntax.name);
  }
  return names;
}

}  // namespace

extern const Command help_command;
const Command help_command{.syntax = {.name = "help",
                                      .aliases = {"h"},
                                      .summary = "Shows a list of commands or help for one command",
                                      .arguments = "Argument is the name of a command, or nothing."},
                           .run = run,
                           .operands = Operands::choice,
                           .choices = choices};

}  // namespace dm
