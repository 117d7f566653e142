// `ssh`: the user's own OpenSSH, logged in to a machine.
#include "base/strings.h"
#include "commands/machines.h"
#include "operations/login.h"
#include "ssh/openssh.h"

namespace dm {
namespace {

int run(Context& context) {
  std::vector<std::string> words = context.arguments.words;
  const std::string name = words.empty() ? named_machine(context) : words[0];
  if (!words.empty()) words.erase(words.begin());
  require_program("ssh", "to log in to machines");
  const SshTarget target = login_of(context.runtime, name, context.task);
  LocalCommand command{.arguments = ssh_arguments(target, words)};
  command.arguments.insert(command.arguments.begin(), "ssh");
  context.out.flush();
  return context.runtime.services.processes.run_in_foreground(command);
}

}  // namespace

extern const Command ssh_command;
const Command ssh_command{.syntax = {.name = "ssh",
                                     .summary = "Log into or run a command on a machine with SSH.",
                                     .arguments = "Arguments are [machine-name] [command]",
                                     .verbatim = true},
                          .run = run,
                          .operands = Operands::machine};

}  // namespace dm
