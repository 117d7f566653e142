// `restore`: a backup, into an empty store.
#include <fmt/core.h>

#include "commands/bundle_file.h"
#include "commands/machines.h"
#include "operations/backup.h"

namespace dm {
namespace {

int run(Context& context) {
  if (context.arguments.words.size() != 1)
    refuse_with_help(context, "Expected one file, or \"-\" for the standard input");
  restore(context.runtime, read_bundle(context, context.arguments.words[0]), context.task);
  const size_t count = context.runtime.store.names().size();
  context.out << fmt::format("Restored {} machine{}.\n", count, count == 1 ? "" : "s");
  return 0;
}

}  // namespace

extern const Command restore_command;
const Command restore_command{
    .syntax = {.name = "restore",
               .summary = "Bring a backup back, into an empty store",
               .arguments = "Argument is a file that backup has written, or \"-\" for the "
                            "standard input.",
               .flags = reading_flags()},
    .run = run,
    .operands = Operands::locations};

}  // namespace dm
