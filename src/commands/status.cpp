// `status`: what the machine is doing, asked of its driver.
#include "commands/machines.h"

namespace dm {
namespace {

int run(Context& context) {
  const bool json = wants_json(context);
  const std::string name = named_machine(context);
  const OpenMachine open = open_machine(context.runtime, name);
  const State state = in_context("error getting state for host " + name,
                                 [&] { return open.driver->observe(context.task).state; });
  if (json) {
    context.out << go_json(Json{{"Name", name}, {"State", text(state)}}, 4) << "\n";
  } else {
    context.out << text(state) << "\n";
  }
  return 0;
}

}  // namespace

extern const Command status_command;
const Command status_command{.syntax = {.name = "status",
                                        .summary = "Get the status of a machine",
                                        .arguments = "Argument is a machine name.",
                                        .flags = {json_flag()}},
                             .run = run,
                             .operands = Operands::machine};

}  // namespace dm
