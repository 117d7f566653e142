// `ssh`: logged in to a machine, by the user's own OpenSSH or the built-in client.
#include <fmt/core.h>

#include "base/process.h"
#include "base/strings.h"
#include "commands/machines.h"
#include "operations/login.h"
#include "ssh/libssh_login.h"
#include "ssh/openssh.h"

namespace dm {
namespace {

int run_openssh(Context& context, const SshTarget& target, std::span<const std::string> words) {
  LocalCommand command{.arguments = ssh_arguments(target, words)};
  command.arguments.insert(command.arguments.begin(), "ssh");
  return context.runtime.services.processes.run_in_foreground(command);
}

int run_built_in(Context& context, const SshTarget& target, std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--") {
    words.erase(words.begin());
  } else if (!words.empty() && words.front().starts_with('-')) {
    throw Error(
        fmt::format("The built-in SSH client takes no options such as {}: they need OpenSSH's ssh on the "
                    "PATH, and no --native-ssh",
                    go_quote(words.front())),
        Reason::usage);
  }
  return log_in(target, join(words, " "), Terminal(), context.runtime.services.environment, context.task);
}

int run(Context& context) {
  std::vector<std::string> words = context.arguments.words;
  const std::string name = words.empty() ? named_machine(context) : words[0];
  if (!words.empty()) words.erase(words.begin());
  const SshTarget target = login_of(context.runtime, name, context.task);
  context.out.flush();
  const bool built_in = context.global.flags.boolean("native-ssh") || !find_program("ssh");
  return built_in ? run_built_in(context, target, words) : run_openssh(context, target, words);
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
