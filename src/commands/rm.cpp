// `rm`: remove machines, here and at their providers.
#include <fmt/core.h>

#include "base/strings.h"
#include "commands/machines.h"
#include "operations/remove.h"

namespace dm {
namespace {

bool is_confirmed(Context& context) {
  if (context.arguments.flags.boolean("force") || context.arguments.flags.boolean("y")) return true;
  try {
    return lower(ask(context, "Are you sure? (y/n): ")).starts_with('y');
  } catch (const Error&) {
    return false;  // No answer is no.
  }
}

void remove_by_force(Context& context, const std::string& name) {
  const auto complain = [&](const std::string& text) { context.task.log().line(Level::error, "", text); };
  const auto say_why = [&](const Error& error) {
    complain(fmt::format("Error removing host {}: {}", go_quote(name), error.what()));
  };
  try {
    if (const auto failure = remove_machine_by_force(context.runtime, name, context.task)) say_why(*failure);
    context.out << "Successfully removed " << name << "\n" << std::flush;
  } catch (const Error& error) {
    complain(error.what());
  }
}

int run(Context& context) {
  const auto& names = context.arguments.words;
  if (names.empty())
    refuse_with_help(context, "Error: Expected to get one or more machine names as arguments");
  context.out << "About to remove " << join(names, ", ")
              << "\nWARNING: This action will delete both local reference and remote instance.\n"
              << std::flush;
  if (!is_confirmed(context)) return 0;
  std::vector<std::string> failures;
  for (const auto& name : names) {
    if (context.arguments.flags.boolean("force")) {
      remove_by_force(context, name);
      continue;
    }
    try {
      remove_machine(context.runtime, name, context.task);
      context.out << "Successfully removed " << name << "\n" << std::flush;
    } catch (const Error& error) {
      failures.push_back(fmt::format("Error removing host {}: {}", go_quote(name), error.what()));
    }
  }
  if (!failures.empty()) throw Error(join(failures, "\n"));
  return 0;
}

}  // namespace

extern const Command rm_command;
const Command rm_command{
    .syntax = {.name = "rm",
               .summary = "Remove a machine",
               .arguments = "Argument(s) are one or more machine names.",
               .flags = {{.name = "force",
                          .kind = FlagKind::boolean,
                          .help =
                              "Remove local configuration even if machine cannot be removed, also implies an "
                              "automatic yes (`-y`)",
                          .aliases = {"f"}},
                         {.name = "y",
                          .kind = FlagKind::boolean,
                          .help =
                              "Assumes automatic yes to proceed with remove, without prompting further user "
                              "confirmation"}}},
    .run = run,
    .operands = Operands::machines};

}  // namespace dm
