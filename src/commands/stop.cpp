// `stop`: the machine's power.
#include "commands/machines.h"
#include "operations/power.h"

namespace dm {
namespace {

int run(Context& context) {
  return on_machines(context, [&](const std::string& name, Task& task) {
    power_machine(context.runtime, name, Power::stop, task);
  });
}

}  // namespace

extern const Command stop_command;
const Command stop_command{.syntax = {.name = "stop",
                                      .summary = "Stop a machine",
                                      .arguments = "Argument(s) are one or more machine names."},
                           .run = run,
                           .operands = Operands::machines};

}  // namespace dm
