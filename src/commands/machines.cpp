// What commands that name machines have in common.
#include "commands/machines.h"

#include "base/strings.h"
#include "operations/many.h"

namespace dm {

std::vector<std::string> named_machines(const Context& context) {
  if (!context.arguments.words.empty()) return context.arguments.words;
  if (context.runtime.store.exists("default")) return {"default"};
  throw Error("Error: No machine name(s) specified and no \"default\" machine exists", Reason::usage);
}

std::string named_machine(const Context& context) {
  if (context.arguments.words.size() > 1) {
    throw Error("Error: Expected one machine name as an argument", Reason::usage);
  }
  return named_machines(context).front();
}

int on_machines(Context& context, const std::function<void(const std::string& name, Task& task)>& work) {
  const auto names = named_machines(context);
  const auto in_one_error = [](const std::vector<std::string>& failures) {
    if (!failures.empty()) throw Error(join(failures, "\n"));
  };
  in_one_error(on_each(names, [&](const std::string& name) { open_machine(context.runtime, name); }));
  in_one_error(on_each(names, [&](const std::string& name) {
    Task task = context.task;
    work(name, task);
  }));
  return 0;
}

void refuse_with_help(Context& context, const std::string& message) {
  context.out << command_help(context.command.syntax) << std::flush;
  throw Error(message, Reason::usage);
}

std::string ask(Context& context, const std::string& question) {
  context.out << question << std::flush;
  std::string line;
  if (!std::getline(context.in, line)) throw Error("EOF");
  const std::string answer(trim(line));
  if (answer.empty()) throw Error("unexpected newline");
  return answer;
}

}  // namespace dm
