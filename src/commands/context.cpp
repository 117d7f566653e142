// `context`: contexts of the docker client for machines.
#include <fmt/core.h>

#include "base/strings.h"
#include "cli/columns.h"
#include "commands/machines.h"
#include "operations/contexts.h"

namespace dm {
namespace {

Transport transport_of(const FlagValues& flags) {
  const std::string& word = flags.text("transport");
  if (word == "tls") return Transport::tls;
  if (word == "ssh") return Transport::ssh;
  throw Error(fmt::format("--transport {}: give tls or ssh", go_quote(word)), Reason::usage);
}

std::string text(Transport transport) { return transport == Transport::ssh ? "ssh" : "tls"; }

int list(Context& context, bool json) {
  const auto contexts = known_contexts(context.runtime);
  if (json) {
    Json rows = Json::array();
    for (const auto& row : contexts)
      rows.push_back({{"Machine", row.machine}, {"Context", row.name}, {"Transport", text(row.transport)}});
    context.out << go_json(rows, 4) << "\n";
    return 0;
  }
  std::string rows = "MACHINE\tCONTEXT\tTRANSPORT\n";
  for (const auto& row : contexts)
    rows += fmt::format("{}\t{}\t{}\n", row.machine, row.name, text(row.transport));
  context.out << align_columns(rows, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '});
  return 0;
}

std::vector<std::string> machines_of(const Context& context) {
  const auto& words = context.arguments.words;
  if (!context.arguments.flags.boolean("all")) return words;
  if (!words.empty()) throw Error("--all is for all machines: leave out the names", Reason::usage);
  return context.runtime.store.names();
}

/// Works on one machine after the other, since the docker client's folder knows no locks.
int on_all(const std::vector<std::string>& names, const std::function<void(const std::string&)>& work) {
  std::vector<std::string> failures;
  for (const auto& name : names) {
    try {
      work(name);
    } catch (const Error& error) {
      failures.push_back(fmt::format("{}: {}", name, error.what()));
    }
  }
  if (!failures.empty()) throw Error(join(failures, "\n"));
  return 0;
}

int make(Context& context, const std::vector<std::string>& names, const ContextHabit& habit) {
  return on_all(names, [&](const std::string& name) {
    const DockerContext wanted{
        .machine = name, .name = context_name(habit.prefix, name), .transport = habit.transport};
    keep_context(context.runtime, open_machine(context.runtime, name), wanted, context.task);
    context.out << wanted.name << "\n" << std::flush;
  });
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const bool json = wants_json(context);
  const auto names = machines_of(context);
  const ContextHabit habit{.prefix = flags.text("prefix"), .transport = transport_of(flags)};
  if (flags.boolean("rm") && names.empty() && !flags.boolean("all"))
    throw Error("--rm: name the machines whose contexts are to go, or say --all", Reason::usage);
  if (flags.boolean("always") && flags.boolean("never"))
    throw Error("--always and --never cannot be meant both", Reason::usage);
  if (flags.boolean("always")) {
    context_name(habit.prefix, "machine");
    set_context_habit(context.runtime, habit, context.task);
  }
  if (flags.boolean("never")) set_context_habit(context.runtime, std::nullopt, context.task);
  if (flags.boolean("rm"))
    return on_all(names, [&](const std::string& name) { drop_context(context.runtime, name, context.task); });
  const bool asks =
      names.empty() && !flags.boolean("always") && !flags.boolean("never") && !flags.boolean("all");
  return asks ? list(context, json) : make(context, names, habit);
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  if (flag == "transport") return {"ssh", "tls"};
  return {};
}

Flag boolean_flag(const char* name, const char* help) {
  return {.name = name, .kind = FlagKind::boolean, .help = help};
}

}  // namespace

extern const Command context_command;
const Command context_command{
    .syntax = {.name = "context",
               .summary = "Keep docker contexts for machines",
               .arguments =
                   "Argument(s) are one or more machine names; without any, the contexts are listed.",
               .flags = {boolean_flag("all", "All machines"),
                         {.name = "prefix", .help = "Begin the names of contexts with this"},
                         {.name = "transport",
                          .help = "How the docker client reaches the engine: tls or ssh",
                          .otherwise = std::string("tls")},
                         boolean_flag("always", "Each new machine gets a context of this kind"),
                         boolean_flag("never", "New machines get no context"),
                         boolean_flag("rm", "Remove the contexts"),
                         json_flag()}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machines,
    .choices = choices};

}  // namespace dm
