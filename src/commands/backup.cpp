// `backup`: the whole store in a file.
#include "operations/backup.h"

#include "commands/bundle_file.h"

namespace dm {
namespace {

int run(Context& context) {
  if (!context.arguments.words.empty())
    throw Error("\"backup\" takes no names: it saves all machines", Reason::usage);
  check_writing_flags(context);
  write_bundle(context, back_up(context.runtime, context.task));
  return 0;
}

}  // namespace

extern const Command backup_command;
const Command backup_command{.syntax = {.name = "backup",
                                        .summary = "Write all machines, keys and certificates to a file",
                                        .flags = writing_flags()},
                             .run = run,
                             .messages = Messages::on_error};

}  // namespace dm
