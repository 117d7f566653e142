// `run-on`: one command on many machines.
#include "operations/run_on.h"

#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>

#include "base/strings.h"
#include "commands/machines.h"
#include "operations/many.h"

namespace dm {
namespace {

constexpr auto no_limit = std::chrono::hours(24 * 365);

/// Output of one machine among others: whole lines, each marked with the machine's name. Two of them may
/// share a stream; `lock` is then the same. One thread for each object.
class MarkedOutput {
 public:
  MarkedOutput(std::ostream& out, std::mutex& lock, std::string mark)
      : out_(out), lock_(lock), mark_(std::move(mark)) {}

  void take(std::string_view text) {
    pending_ += text;
    const auto end = pending_.rfind('\n');
    if (end == std::string::npos) return;
    print(pending_.substr(0, end));
    pending_.erase(0, end + 1);
  }
  /// What came last may have no end of line.
  void finish() {
    if (!pending_.empty()) print(std::exchange(pending_, ""));
  }

 private:
  void print(const std::string& text) {
    std::string marked;
    for (const auto& line : split(text, '\n')) marked += mark_ + line + "\n";
    const std::scoped_lock guard(lock_);
    out_ << marked << std::flush;
  }

  std::ostream& out_;
  std::mutex& lock_;
  std::string mark_;
  std::string pending_;
};

/// What the command line names: machines, and a command for them.
struct Order {
  std::vector<std::string> machines;
  std::string command;
};

Order order_of(Context& context) {
  const auto& words = context.arguments.words;
  const auto dashes = words.begin() + static_cast<std::ptrdiff_t>(context.arguments.before_dashes);
  Order order{.machines = {words.begin(), dashes}, .command = join({dashes, words.end()}, " ")};
  if (order.command.empty()) refuse_with_help(context, "Error: No command given: write it behind \"--\"");
  if (context.arguments.flags.boolean("all")) {
    if (!order.machines.empty()) throw Error("--all is for all machines: leave out the names", Reason::usage);
    order.machines = context.runtime.store.names();
  } else if (order.machines.empty()) {
    refuse_with_help(context, "Error: Expected to get one or more machine names as arguments, or --all");
  }
  return order;
}

/// Marks of equal width, so that outputs stand below each other.
std::map<std::string, std::string> marks_of(const std::vector<std::string>& names) {
  size_t width = 0;
  for (const auto& name : names) width = std::max(width, name.size());
  std::map<std::string, std::string> marks;
  for (const auto& name : names) marks[name] = names.size() == 1 ? "" : fmt::format("{:<{}} | ", name, width);
  return marks;
}

int run(Context& context) {
  Order order = order_of(context);
  std::ranges::sort(order.machines);
  order.machines.erase(std::unique(order.machines.begin(), order.machines.end()), order.machines.end());
  if (const auto failures =
          on_each(order.machines, [&](const std::string& name) { open_machine(context.runtime, name); });
      !failures.empty())
    throw Error(join(failures, "\n"));
  const auto seconds = context.arguments.flags.number("timeout");
  const Milliseconds limit =
      seconds > 0 ? Milliseconds(std::chrono::seconds(seconds)) : Milliseconds(no_limit);
  const auto marks = marks_of(order.machines);
  std::mutex lock;
  std::map<std::string, int> statuses;
  const auto failures = on_each(order.machines, [&](const std::string& name) {
    MarkedOutput out(context.out, lock, marks.at(name)), error(std::cerr, lock, marks.at(name));
    Task task = context.task;
    RemoteCommand command{.line = order.command,
                          .input = {},
                          .output = [&](std::string_view text) { out.take(text); },
                          .error = [&](std::string_view text) { error.take(text); },
                          .limit = limit};
    const int status = in_context(name, [&] { return run_on(context.runtime, name, command, task); }).status;
    out.finish();
    error.finish();
    const std::scoped_lock guard(lock);
    statuses[name] = status;
  });
  // One machine is like `ssh`: its status is ours.
  if (failures.empty() && order.machines.size() == 1) return statuses.begin()->second;
  std::vector<std::string> complaints = failures;
  for (const auto& [name, status] : statuses) {
    if (status != 0) complaints.push_back(fmt::format("{}: exit status {}", name, status));
  }
  if (!complaints.empty()) throw Error(join(complaints, "\n"));
  return 0;
}

}  // namespace

extern const Command run_on_command;
const Command run_on_command{
    .syntax = {.name = "run-on",
               .summary = "Run one command on many machines with SSH",
               .arguments = "Arguments are machine names, \"--\", and the command.",
               .flags = {{.name = "all", .kind = FlagKind::boolean, .help = "Run it on all machines"},
                         {.name = "timeout",
                          .kind = FlagKind::number,
                          .help = "Seconds that the command may take on each machine, 0 for any time",
                          .otherwise = 0LL,
                          .aliases = {"t"}}}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machines};

}  // namespace dm
