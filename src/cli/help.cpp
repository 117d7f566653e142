// What help prints.
#include "cli/help.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "cli/columns.h"

namespace dm {
namespace {

std::string dashed(const std::string& name) { return (name.size() == 1 ? "-" : "--") + name; }

std::string quoted_default(const Flag& flag) {
  if (flag.kind == FlagKind::number) return fmt::format("\"{}\"", std::get<long long>(default_value(flag)));
  const auto text = std::get<std::string>(default_value(flag));
  return text.empty() ? "" : "\"" + text + "\"";
}

/// "--name, -n VALUE<tab>description [$VARIABLE]"
std::string flag_row(const Flag& flag) {
  std::string row = dashed(flag.name);
  for (const auto& alias : flag.aliases) row += ", " + dashed(alias);
  if (flag.kind == FlagKind::list) {
    row += fmt::format(" [{0} option {0} option]", dashed(flag.name));
  } else if (flag.kind != FlagKind::boolean) {
    row += " " + quoted_default(flag);
  }
  row += "\t" + flag.help;
  if (!flag.variable.empty()) row += " [$" + replace_all(flag.variable, ",", ", $") + "]";
  return row;
}

std::vector<std::string> flag_rows(std::span<const Flag> flags) {
  std::vector<std::string> rows;
  for (const auto& flag : flags) {
    if (!flag.hidden) rows.push_back(flag_row(flag));
  }
  return rows;
}

/// The flags of the application as shown: the parser knows --help by itself, so it may not be among them.
std::vector<Flag> with_help(std::span<const Flag> flags) {
  std::vector<Flag> all(flags.begin(), flags.end());
  if (std::ranges::find(all, "help", &Flag::name) != all.end()) return all;
  all.insert(std::ranges::find(all, "version", &Flag::name),
             Flag{.name = "help", .kind = FlagKind::boolean, .help = "show help", .aliases = {"h"}});
  return all;
}

}  // namespace

std::string application_help(const Program& program, std::span<const Flag> flags,
                             std::span<const Syntax> commands) {
  std::string text = fmt::format(
      "Usage: {} [OPTIONS] COMMAND [arg...]\n\n"
      "Create and manage machines running Docker.\n\n"
      "Version: {}\n\n"
      "Author:\n  Docker Machine Contributors - <https://github.com/docker/machine>\n\n"
      "Options:\n  ",
      program.name, program.version);
  for (const auto& row : flag_rows(with_help(flags))) text += row + "\n  ";
  text += "\nCommands:\n  ";
  for (const auto& command : commands) {
    if (!command.hidden) text += command.name + "\t" + command.summary + "\n  ";
  }
  text += fmt::format("\nRun '{} COMMAND --help' for more information on a command.\n", program.name);
  return align_columns(text);
}

std::string command_help(const Syntax& command, FlagOrder order, std::string_view program) {
  auto rows = flag_rows(command.flags);
  if (order == FlagOrder::by_text) std::ranges::sort(rows);
  std::string text = fmt::format("Usage: {} {}{} [arg...]\n\n{}\n", program, command.name,
                                 rows.empty() ? "" : " [OPTIONS]", command.summary);
  if (!command.arguments.empty()) text += fmt::format("\nDescription:\n   {}\n", command.arguments);
  if (!rows.empty()) text += "\nOptions:\n   \n";
  for (const auto& row : rows) text += "   " + row + "\n";
  return align_columns(text);
}

}  // namespace dm
