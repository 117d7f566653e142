// `version`: of this program, or of a machine's engine.
#include "commands/machines.h"
#include "operations/connection.h"

namespace dm {
namespace {

int run(Context& context) {
  const bool json = wants_json(context);
  if (context.arguments.words.empty()) {
    const Program& program = context.application.program;
    if (json) {
      const auto end = program.version.find(", build ");
      context.out << go_json(Json{{"Version", program.version.substr(0, end)},
                                  {"Commit", program.version.substr(end + 8)}},
                             4)
                  << "\n";
      return 0;
    }
    context.out << program.name << " version " << program.version << "\n";
    return 0;
  }
  const OpenMachine open = open_machine(context.runtime, named_machine(context));
  const EngineVersion engine = version_of_engine(context.runtime, open, context.task);
  if (json) {
    context.out << go_json(Json{{"Name", open.name()},
                                {"Version", engine.version},
                                {"ApiVersion", engine.api},
                                {"MinAPIVersion", engine.minimum_api}},
                           4)
                << "\n";
  } else {
    context.out << engine.version << "\n";
  }
  return 0;
}

}  // namespace

extern const Command version_command;
const Command version_command{
    .syntax = {.name = "version",
               .summary = "Show the Docker Machine version or a machine docker version",
               .arguments = "Argument is a machine name, or nothing.",
               .flags = {json_flag()}},
    .run = run,
    .operands = Operands::machine};

}  // namespace dm
