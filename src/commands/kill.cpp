// `kill`: the machine's power.
#include "commands/machines.h"
#include "operations/power.h"

namespace dm {
namespace {

int run(Context& context) {
  return on_machines(context, [&](const std::string& name, Task& task) {
    power_machine(context.runtime, name, Power::kill, task);
  });
}

}  // namespace

extern const Command kill_command;
const Command kill_command{.syntax = {.name = "kill",
                                      .summary = "Kill a machine",
                                      .arguments = "Argument(s) are one or more machine names."},
                           .run = run,
                           .operands = Operands::machines};

}  // namespace dm
