// `restart`: the machine's power.
#include "commands/machines.h"
#include "operations/power.h"

namespace dm {
namespace {

int run(Context& context) {
  const int code = on_machines(context, [&](const std::string& name, Task& task) {
    power_machine(context.runtime, name, Power::restart, task);
  });
  context.task.info(
      "Restarted machines may have new IP addresses. You may need to re-run the `docker-machine env` "
      "command.");
  return code;
}

}  // namespace

extern const Command restart_command;
const Command restart_command{.syntax = {.name = "restart",
                                         .summary = "Restart a machine",
                                         .arguments = "Argument(s) are one or more machine names."},
                              .run = run,
                              .operands = Operands::machines};

}  // namespace dm
