// `doctor`: what is wrong with machines, and what mends it.
#include "operations/doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/strings.h"
#include "commands/machines.h"
#include "commands/rows.h"
#include "operations/many.h"

namespace dm {
namespace {

using text_template::Value;

/// A finding with whom it is about.
struct Row {
  std::string machine;
  Finding finding;
};

std::string state_text(CheckState state) {
  switch (state) {
    case CheckState::ok:
      return "ok";
    case CheckState::wrong:
      return "wrong";
    case CheckState::mended:
      return "mended";
    default:
      return "unknown";
  }
}

Value as_value(const Row& row) {
  return Value::record("commands.Finding", {{"Machine", row.machine},
                                            {"Check", row.finding.check},
                                            {"State", state_text(row.finding.state)},
                                            {"What", row.finding.what},
                                            {"Why", row.finding.why},
                                            {"Mend", row.finding.mend},
                                            {"Done", row.finding.done}});
}

Value titles() {
  return Value::map({{"Machine", "MACHINE"},
                     {"Check", "CHECK"},
                     {"State", "STATE"},
                     {"What", "WHAT"},
                     {"Why", "WHY"},
                     {"Mend", "MEND"},
                     {"Done", "DONE"}});
}

Json as_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const auto& [machine, finding] : rows) {
    list.push_back({{"Machine", machine},
                    {"Check", finding.check},
                    {"State", state_text(finding.state)},
                    {"What", finding.what},
                    {"Why", finding.why},
                    {"Mend", finding.mend},
                    {"Done", finding.done}});
  }
  return list;
}

std::string indented(const std::string& text, std::string_view indent) {
  return replace_all(std::string(trim(text)), "\n", "\n" + std::string(indent));
}

void print_finding(std::ostream& out, const Finding& finding, Treatment treatment) {
  constexpr std::string_view indent = "           ";
  out << fmt::format("  {:<8} {}: {}\n", state_text(finding.state), finding.check,
                     indented(finding.what, indent));
  const auto part = [&](std::string_view title, const std::string& text) {
    if (!text.empty()) out << fmt::format("{}{}: {}\n", indent, title, indented(text, indent));
  };
  const bool mended = finding.state == CheckState::mended;
  if (!mended) part("why", finding.why);
  if (treatment == Treatment::mend) part("done", finding.done);
  if (!mended) part("mend", finding.mend);
}

/// Those that are well in one line, and what could not be looked at in another.
void print_machine(std::ostream& out, const std::string& name, const std::vector<Finding>& findings,
                   Treatment treatment) {
  std::vector<std::string> well, skipped;
  out << name << "\n";
  for (const auto& finding : findings) {
    if (finding.state == CheckState::ok) well.push_back(finding.check);
    if (finding.state == CheckState::unknown && finding.what.starts_with("see "))
      skipped.push_back(finding.check);
  }
  if (!well.empty()) out << fmt::format("  {:<8} {}\n", "ok", join(well, ", "));
  for (const auto& finding : findings) {
    const bool short_of_words = finding.state == CheckState::unknown && finding.what.starts_with("see ");
    if (finding.state != CheckState::ok && !short_of_words) print_finding(out, finding, treatment);
  }
  if (!skipped.empty())
    out << fmt::format("  {:<8} {}: not looked at, because of that\n", "unknown", join(skipped, ", "));
}

int run(Context& context) {
  const auto names = machines_or_all(context);
  const Treatment treatment = context.arguments.flags.boolean("fix") ? Treatment::mend : Treatment::look;
  std::mutex lock;
  std::map<std::string, std::vector<Finding>> found;
  const auto failures = on_each(names, [&](const std::string& name) {
    auto findings = examine_machine(context.runtime, name, treatment, context.task.on(name));
    const std::scoped_lock guard(lock);
    found[name] = std::move(findings);
  });
  if (!failures.empty()) throw Error(join(failures, "\n"));
  std::vector<Row> rows;
  for (const auto& [name, findings] : found) {
    for (const auto& finding : findings) rows.push_back({name, finding});
  }
  const std::string& format = context.arguments.flags.text("format");
  if (format == "json") {
    context.out << go_json(as_json(rows), 4) << "\n";
  } else if (!format.empty()) {
    context.out << rendered_rows(format, titles(), rows.size(), [&](size_t i) { return as_value(rows[i]); });
  } else {
    for (const auto& [name, findings] : found) print_machine(context.out, name, findings, treatment);
  }
  const bool all_well =
      std::ranges::none_of(rows, [](const Row& row) { return row.finding.state == CheckState::wrong; });
  return all_well ? 0 : 1;
}

}  // namespace

extern const Command doctor_command;
const Command doctor_command{
    .syntax = {.name = "doctor",
               .summary = "Find what is wrong with machines, and mend it",
               .arguments = "Argument(s) are one or more machine names, or nothing for all.",
               .flags = {{.name = "fix",
                          .kind = FlagKind::boolean,
                          .help = "Mend what can be mended; containers run on"},
                         {.name = "format",
                          .help = "Pretty-print findings using a Go template, or print them as json",
                          .aliases = {"f"}}}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machines};

}  // namespace dm
