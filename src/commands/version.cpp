// `version`: of this program, or of a machine's engine.
#include "commands/machines.h"
#include "operations/connection.h"

namespace dm {
namespace {

int run(Context& context) {
  if (context.arguments.words.empty()) {
    const Program& program = context.application.program;
    context.out << program.name << " version " << program.version << "\n";
    return 0;
  }
  const OpenMachine open = open_machine(context.runtime, named_machine(context));
  context.out << version_of_engine(context.runtime, open, context.task).version << "\n";
  return 0;
}

}  // namespace

extern const Command version_command;
const Command version_command{
    .syntax = {.name = "version",
               .summary = "Show the Docker Machine version or a machine docker version",
               .arguments = "Argument is a machine name, or nothing."},
    .run = run,
    .operands = Operands::machine};

}  // namespace dm
