// `url`: where the engine is, as last known.
#include "commands/machines.h"
#include "operations/connection.h"

namespace dm {
namespace {

int run(Context& context) {
  OpenMachine open = open_machine(context.runtime, named_machine(context));
  context.out << current_endpoint(context.runtime, open, context.task).docker_url << "\n";
  return 0;
}

}  // namespace

extern const Command url_command;
const Command url_command{.syntax = {.name = "url",
                                     .summary = "Get the URL of a machine",
                                     .arguments = "Argument is a machine name."},
                          .run = run,
                          .operands = Operands::machine};

}  // namespace dm
