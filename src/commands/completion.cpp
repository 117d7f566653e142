// `completion` and `shell-init`: scripts for the user's shell.
#include "commands/machines.h"
#include "commands/scripts.h"

namespace dm {
namespace {

/// The script of that kind for the shell that the command line or else $SHELL names.
int print(Context& context, const std::string& kind) {
  const auto& words = context.arguments.words;
  if (words.size() > 1) throw Error("Error: Expected one shell as an argument", Reason::usage);
  std::string shell;
  if (!words.empty()) {
    shell = words[0];
  } else {
    shell = context.runtime.services.environment.variable_or("SHELL", "");
    shell = shell.substr(shell.rfind('/') + 1);
  }
  const auto script = shell_script(kind + "." + shell);
  if (script.empty()) refuse_with_help(context, "Error: The shell must be one of bash, zsh, fish");
  context.out << script;
  return 0;
}

int run_completion(Context& context) { return print(context, "completion"); }
int run_shell_init(Context& context) { return print(context, "init"); }

std::vector<std::string> shells(const std::string& flag, const Store& /*store*/) {
  return flag.empty() ? std::vector<std::string>{"bash", "fish", "zsh"} : std::vector<std::string>{};
}

}  // namespace

extern const Command completion_command, shell_init_command;
const Command completion_command{
    .syntax = {.name = "completion",
               .summary = "Print a script that completes command lines in a shell",
               .arguments =
                   "Argument is a shell: bash, zsh or fish. Without one, the shell of $SHELL is meant."},
    .run = run_completion,
    .messages = Messages::on_error,
    .operands = Operands::choice,
    .choices = shells};
const Command shell_init_command{
    .syntax = {.name = "shell-init",
               .summary = "Print shell functions: 'docker-machine use' and a prompt",
               .arguments =
                   "Argument is a shell: bash, zsh or fish. Without one, the shell of $SHELL is meant."},
    .run = run_shell_init,
    .messages = Messages::on_error,
    .operands = Operands::choice,
    .choices = shells};

}  // namespace dm
