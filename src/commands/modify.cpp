// `modify`: other settings for a machine that lives.
#include "operations/modify.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "cli/columns.h"
#include "commands/machines.h"
#include "operations/engine_settings.h"

namespace dm {
namespace {

constexpr std::string_view removing = "remove-";

/// The flags that change settings. What is not said does not change: there are no defaults, and no variables
/// of the environment. What cannot change is understood, to be told so, but not shown.
std::vector<Flag> flags_for(const std::vector<LivingSetting>& settings) {
  std::vector<Flag> flags;
  for (const auto& setting : settings) {
    const bool is_fixed = setting.change == Change::fixed;
    flags.push_back({.name = setting.flag.name,
                     .kind = setting.flag.kind,
                     .help = setting.flag.help,
                     .variable = {},
                     .hidden = is_fixed});
    if (setting.flag.kind != FlagKind::list) continue;
    flags.push_back({.name = std::string(removing) + setting.flag.name,
                     .kind = FlagKind::list,
                     .help = fmt::format("Take away what --{} has given{}", setting.flag.name,
                                         setting.key_ends.empty() ? "" : ", by its key"),
                     .variable = {},
                     .hidden = is_fixed});
  }
  return flags;
}

std::vector<Flag> own_flags() {
  auto flags = flags_for(engine_settings().living(Json::object()));
  flags.push_back({.name = "force",
                   .kind = FlagKind::boolean,
                   .help = "Also where running containers stop, or images go out of sight",
                   .aliases = {"f"}});
  return flags;
}

std::vector<Flag> driver_flags(const Runtime& runtime, const std::string& machine) {
  try {
    const OpenMachine open = open_machine(runtime, machine);
    return flags_for(open.type->settings(open.machine.driver));
  } catch (const Error&) {
    return {};  // told when the command runs
  }
}

/// Whether this is the machine that the words name, and not what a flag is given.
bool is_meant(std::span<const std::string> arguments, const std::string& machine,
              const std::vector<Flag>& more) {
  auto flags = own_flags();
  flags.insert(flags.end(), more.begin(), more.end());
  try {
    return parse_arguments(arguments, flags, Environment(std::map<std::string, std::string>())).words ==
           std::vector{machine};
  } catch (const Error&) {
    return false;
  }
}

/// The machine's driver brings flags of its own, so that it has to be known before the line can be parsed.
std::vector<Flag> more_flags(std::span<const std::string> arguments, const Runtime& runtime, Task& /*task*/) {
  std::vector<Flag> first_found;
  for (const auto& word : arguments) {
    if (!runtime.store.exists(word)) continue;
    auto flags = driver_flags(runtime, word);
    if (is_meant(arguments, word, flags)) return flags;
    if (first_found.empty()) first_found = std::move(flags);
  }
  return first_found.empty() && runtime.store.exists("default") ? driver_flags(runtime, "default")
                                                                : first_found;
}

Modification modification_in(const Context& context) {
  Modification modification;
  const FlagValues& values = context.arguments.flags;
  for (const auto& flag : context.syntax.flags) {
    if (!values.given(flag.name) || flag.name == "force") continue;
    if (flag.name.starts_with(removing)) {
      modification.unwanted[flag.name.substr(removing.size())] = values.list(flag.name);
    } else {
      modification.wanted[flag.name] = values.value(flag.name);
    }
  }
  if (values.boolean("force")) modification.consent = Consent::may_interrupt;
  return modification;
}

std::string shown(const LivingSetting& setting, const FlagValue& value) {
  const std::string text = text_of(value);
  return setting.secret && !text.empty() ? "(not shown)" : text;
}

const char* meaning_of(Change change) {
  switch (change) {
    case Change::fixed:
      return "cannot change";
    case Change::noted:
      return "at once";
    case Change::login:
      return "after SSH was tried";
    case Change::account:
      return "after the provider was tried";
    case Change::engine:
      return "the engine is restarted";
    case Change::next_start:
      return "at the next start";
    case Change::applied:
      return "at the provider";
  }
  return "";
}

/// What can change first.
int show(Context& context, const std::string& name) {
  auto settings = settings_of(context.runtime, open_machine(context.runtime, name));
  std::stable_partition(settings.begin(), settings.end(),
                        [](const LivingSetting& setting) { return setting.change != Change::fixed; });
  std::string rows = "SETTING\tCHANGES\tVALUE\n";
  for (const auto& setting : settings) {
    rows += fmt::format("--{}\t{}\t{}\n", setting.flag.name, meaning_of(setting.change),
                        shown(setting, setting.value));
  }
  context.out << align_columns(rows, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '});
  return 0;
}

int run(Context& context) {
  const std::string name = named_machine(context);
  const Modification modification = modification_in(context);
  if (modification.wanted.empty() && modification.unwanted.empty()) return show(context, name);
  const auto changes = modify_machine(context.runtime, name, modification, context.task);
  if (changes.empty()) context.out << fmt::format("\"{}\" has these settings already.\n", name);
  for (const auto& [setting, after] : changes) {
    context.out << fmt::format("--{}: {} -> {}{}\n", setting.flag.name,
                               go_quote(shown(setting, setting.value)), go_quote(shown(setting, after)),
                               setting.change == Change::next_start ? " at the next start" : "");
  }
  return 0;
}

}  // namespace

extern const Command modify_command;
const Command modify_command{
    .syntax = {.name = "modify",
               .summary = "Change the settings of a machine, and of its engine",
               .arguments =
                   "Argument is a machine name. Without options, its settings are shown; 'docker-machine "
                   "modify NAME --help' includes those of its driver.",
               .flags = own_flags()},
    .run = run,
    .help_order = FlagOrder::by_text,
    .more_flags = more_flags,
    .operands = Operands::machine};

}  // namespace dm
