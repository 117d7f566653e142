// `rename`: another name for a machine.
#include "operations/rename.h"

#include <fmt/core.h>

#include "commands/machines.h"

namespace dm {
namespace {

int run(Context& context) {
  const auto& words = context.arguments.words;
  if (words.size() != 2) refuse_with_help(context, "Error: Expected the name of a machine, and its new name");
  rename_machine(context.runtime, words[0], words[1], context.task);
  context.task.info(fmt::format("Machine \"{}\" is \"{}\" now.", words[0], words[1]));
  context.task.info(fmt::format(
      "Shells that use it look for its certificates where they were: run \"eval $({} env {})\" there.",
      context.application.usage_name(), words[1]));
  return 0;
}

}  // namespace

extern const Command rename_command;
const Command rename_command{.syntax = {.name = "rename",
                                        .summary = "Give a machine another name",
                                        .arguments = "Arguments are the name of a machine and its new name."},
                             .run = run,
                             .operands = Operands::machine};

}  // namespace dm
