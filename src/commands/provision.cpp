// `provision`: make an engine of a machine again.
#include "commands/machines.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

int run(Context& context) {
  return on_machines(context, [&](const std::string& name, Task& task) {
    const auto lock = context.runtime.store.lock_machine(name, task);
    OpenMachine open = open_machine(context.runtime, name);
    provision_machine(context.runtime, open, task);
  });
}

}  // namespace

extern const Command provision_command;
const Command provision_command{.syntax = {.name = "provision",
                                           .summary = "Re-provision existing machines",
                                           .arguments = "Argument(s) are one or more machine names."},
                                .run = run,
                                .operands = Operands::machines};

}  // namespace dm
