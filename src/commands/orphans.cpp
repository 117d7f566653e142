// `orphans`: what is left at providers and belongs to no machine.
#include "operations/orphans.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "cli/columns.h"
#include "commands/driver_words.h"
#include "commands/machines.h"
#include "drivers/catalogue.h"

namespace dm {
namespace {

std::vector<Flag> driver_flags(std::span<const std::string> arguments, const Runtime& runtime, Task& task) {
  const auto named = driver_named_in(arguments);
  return named ? driver_named(*named).flags(runtime.services, task) : std::vector<Flag>();
}

std::optional<Account> account_of(const FlagValues& flags, const Services& services) {
  const std::string& name = flags.text("driver");
  if (name.empty()) return std::nullopt;
  DriverType& type = driver_named(name);
  Json record = type.account(flags, services);
  if (type.account_of(record).empty()) {
    throw Error(fmt::format("The driver \"{}\" leaves nothing at a provider that could be searched", name),
                Reason::usage);
  }
  return Account{&type, std::move(record)};
}

void print_table(const Context& context, const std::vector<Orphan>& orphans) {
  std::string text = "DRIVER\tMACHINE\tKIND\tID\tPLACE\tWHY\n";
  for (const auto& orphan : orphans) {
    const Possession& thing = orphan.possession;
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", orphan.driver_name, thing.machine, thing.kind, thing.id,
                        thing.place, replace_all(orphan.why, "\n", " "));
  }
  context.out << align_columns(text, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '});
}

Json as_json(const std::vector<Orphan>& orphans) {
  Json list = Json::array();
  for (const auto& orphan : orphans) {
    list.push_back({{"DriverName", orphan.driver_name},
                    {"Machine", orphan.possession.machine},
                    {"Kind", orphan.possession.kind},
                    {"Id", orphan.possession.id},
                    {"Place", orphan.possession.place},
                    {"Why", orphan.why}});
  }
  return list;
}

bool is_confirmed(Context& context, size_t count) {
  if (context.arguments.flags.boolean("y")) return true;
  try {
    return lower(ask(context, fmt::format("Remove {} at the provider? (y/n): ",
                                          count == 1 ? "it" : fmt::format("all {}", count))))
        .starts_with('y');
  } catch (const Error&) {
    return false;  // No answer is no.
  }
}

void remove_all_of(Context& context, const std::vector<Orphan>& orphans) {
  std::vector<std::string> failures;
  for (const auto& orphan : orphans) {
    const std::string what =
        fmt::format("{} {} {}", orphan.driver_name, orphan.possession.kind, orphan.possession.id);
    try {
      remove_orphan(context.runtime, orphan, context.task);
      context.out << "Removed " << what << "\n" << std::flush;
    } catch (const Error& error) {
      failures.push_back(fmt::format("Error removing {}: {}", what, error.what()));
    }
  }
  if (!failures.empty()) throw Error(join(failures, "\n"));
}

/// The notes only: what carries the tag would be found again.
void forget_notes(Context& context, const std::vector<Orphan>& orphans) {
  for (const auto& orphan : orphans) {
    if (orphan.remains_id.empty()) continue;
    forget_orphan(context.runtime, orphan);
    context.out << "Forgot " << orphan.driver_name << " machine " << orphan.possession.id << "\n"
                << std::flush;
  }
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (!context.arguments.words.empty()) {
    throw Error("\"orphans\" takes no names: it shows what belongs to no machine", Reason::usage);
  }
  if (flags.boolean("remove") && flags.boolean("forget"))
    throw Error("--remove and --forget cannot be meant both", Reason::usage);
  const bool json = wants_json(context);
  const Orphans orphans =
      find_orphans(context.runtime, account_of(flags, context.runtime.services), context.task);
  if (json) {
    context.out << go_json(as_json(orphans.found), 4) << "\n";
  } else if (!orphans.found.empty()) {
    print_table(context, orphans.found);
  }
  std::vector<std::string> unsearched;
  for (const Error& failure : orphans.failures) unsearched.emplace_back(failure.what());
  if (flags.boolean("remove") && !orphans.found.empty() && is_confirmed(context, orphans.found.size()))
    remove_all_of(context, orphans.found);
  if (flags.boolean("forget")) forget_notes(context, orphans.found);
  if (!unsearched.empty()) throw Error("Not everything could be searched:\n" + join(unsearched, "\n"));
  return 0;
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  return flag == "driver" ? driver_names() : std::vector<std::string>();
}

}  // namespace

extern const Command orphans_command;
const Command orphans_command{
    .syntax = {.name = "orphans",
               .summary = "List what is left at providers and belongs to no machine",
               .arguments = "With --driver, the account of that driver's flags is searched too.",
               .flags = {{.name = "driver",
                          .help = "Also search the account that this driver's flags name",
                          .aliases = {"d"}},
                         {.name = "remove",
                          .kind = FlagKind::boolean,
                          .help = "Remove all that is listed, after a question"},
                         {.name = "forget",
                          .kind = FlagKind::boolean,
                          .help = "Forget what was noted by rm --force, and leave it at the provider"},
                         {.name = "y",
                          .kind = FlagKind::boolean,
                          .help =
                              "Assumes automatic yes to proceed with remove, without prompting further user "
                              "confirmation"},
                         json_flag()}},
    .run = run,
    .more_flags = driver_flags,
    .choices = choices};

}  // namespace dm
