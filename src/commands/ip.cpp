// `ip`: the address, as last known.
#include <mutex>

#include "commands/machines.h"
#include "operations/connection.h"

namespace dm {
namespace {

int run(Context& context) {
  std::mutex lock;
  return on_machines(context, [&](const std::string& name, Task& task) {
    OpenMachine open = open_machine(context.runtime, name);
    const Endpoint endpoint =
        in_context("Error getting IP address", [&] { return current_endpoint(context.runtime, open, task); });
    const std::scoped_lock guard(lock);
    context.out << endpoint.address << "\n" << std::flush;
  });
}

}  // namespace

extern const Command ip_command;
const Command ip_command{.syntax = {.name = "ip",
                                    .summary = "Get the IP address of a machine",
                                    .arguments = "Argument(s) are one or more machine names."},
                         .run = run,
                         .operands = Operands::machines};

}  // namespace dm
