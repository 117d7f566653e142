// `ssh-config`: machines for OpenSSH, and all that is built upon it.
#include "commands/machines.h"
#include "operations/ssh_access.h"

namespace dm {
namespace {

int run(Context& context) {
  const auto& words = context.arguments.words;
  if (context.arguments.flags.boolean("install")) {
    if (!words.empty()) throw Error("--install is for all machines: leave out the names", Reason::usage);
    const std::string path = install_ssh_config(context.runtime, context.task);
    context.task.info("Your ~/.ssh/config includes " + path + ", which holds all machines from now on.");
    return 0;
  }
  for (const auto& name : words) open_machine(context.runtime, name);
  context.out << ssh_config_of(context.runtime, words.empty() ? context.runtime.store.names() : words);
  return 0;
}

}  // namespace

extern const Command ssh_config_command;
const Command ssh_config_command{
    .syntax = {.name = "ssh-config",
               .summary = "Print Host blocks for OpenSSH",
               .arguments = "Argument(s) are one or more machine names, all machines if none is given.",
               .flags = {{.name = "install",
                          .kind = FlagKind::boolean,
                          .help = "Have ~/.ssh/config include all machines, now and in future"}}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machines};

}  // namespace dm
