// `upgrade`: a machine's engine to another version.
#include "commands/machines.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

int run(Context& context) {
  const std::string version = context.arguments.flags.text("engine-version");
  return on_machines(context, [&](const std::string& name, Task& task) {
    upgrade_machine(context.runtime, name, version, task);
  });
}

}  // namespace

extern const Command upgrade_command;
const Command upgrade_command{
    .syntax =
        {.name = "upgrade",
         .summary = "Upgrade a machine to the latest version of Docker",
         .arguments = "Argument(s) are one or more machine names.",
         .flags = {{.name = "engine-version",
                    .help = "Version to go to, newer or older, e.g. 24.0 or 24.0.7 (default: the newest)"}}},
    .run = run,
    .operands = Operands::machines};

}  // namespace dm
