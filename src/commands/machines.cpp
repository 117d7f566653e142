// What commands that name machines have in common.
#include "commands/machines.h"

#include <poll.h>
#include <unistd.h>

#include <fmt/core.h>

#include <array>
#include <iostream>

#include "base/strings.h"
#include "operations/many.h"

namespace dm {
namespace {

/// Waits until the process' input can be read without blocking, or the task is stopped.
void wait_for_input(Context& context) {
  std::array<pollfd, 2> wanted{{{STDIN_FILENO, POLLIN, 0}, {context.task.stop_descriptor(), POLLIN, 0}}};
  while (wanted[0].revents == 0 && !context.task.stopped()) {
    poll(wanted.data(), wanted.size(), static_cast<int>(context.task.at_most(std::chrono::hours(1)).count()));
  }
  if (context.task.stopped()) context.out << "\n" << std::flush;  // What follows begins a line.
  context.task.check();
}

/// The next line of the input, or nothing at its end.
std::optional<std::string> read_line(Context& context) {
  std::string line;
  while (true) {
    // A wait for the descriptor would not see what the stream holds already.
    if (&context.in == &std::cin && context.in.rdbuf()->in_avail() <= 0) wait_for_input(context);
    const int next = context.in.get();
    if (next == '\n') return line;
    if (next == std::istream::traits_type::eof()) return line.empty() ? std::nullopt : std::optional(line);
    line += static_cast<char>(next);
  }
}

}  // namespace

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

std::vector<std::string> machines_or_all(const Context& context) {
  const Store& store = context.runtime.store;
  if (context.arguments.words.empty()) return store.names();
  for (const auto& name : context.arguments.words) {
    if (!store.exists(name)) (void)store.load(name);  // says in the usual words that it does not
  }
  return context.arguments.words;
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
  context.out << command_help(context.syntax, context.command.help_order, context.application.usage_name())
              << std::flush;
  throw Error(message, Reason::usage);
}

std::string ask(Context& context, const std::string& question) {
  context.out << question << std::flush;
  const auto line = read_line(context);
  if (!line) throw Error("EOF");
  const std::string answer(trim(*line));
  if (answer.empty()) throw Error("unexpected newline");
  return answer;
}

Flag json_flag() { return {.name = "format", .help = "Print it as json", .aliases = {"f"}}; }

bool wants_json(const Context& context) {
  const std::string& format = context.arguments.flags.text("format");
  if (!format.empty() && format != "json") {
    throw Error(fmt::format("Unknown format {}: there is \"json\"", go_quote(format)), Reason::usage);
  }
  return !format.empty();
}

}  // namespace dm
