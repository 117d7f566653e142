// `ls`: all machines and what they are doing.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "cli/columns.h"
#include "commands/ls_row.h"
#include "commands/machines.h"
#include "drivers/catalogue.h"
#include "operations/filter.h"
#include "operations/survey.h"
#include "text_template/template.h"

namespace dm {
namespace {

constexpr auto default_format =
    "table {{ .Name }}\t{{ .Active }}\t{{ .DriverName}}\t{{ .State }}\t{{ .URL }}\t{{ .Swarm }}\t{{ "
    ".DockerVersion }}\t"
    "{{ .Error}}";

/// Names compare by runs of digits and non-digits, digits as numbers and before letters, upper and lower case
/// alike.
bool natural_less(const std::string& left, const std::string& right) {
  const std::string a = lower(left), b = lower(right);
  const auto is_digit = [](char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto run = [&](const std::string& text, size_t& at) {
        while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
        const size_t begin = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return text.substr(begin, at - begin);
      };
      const std::string x = run(a, i), y = run(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    }
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return left < right;
}

std::string rendered(std::string format, const std::vector<SurveyRow>& rows, const std::string& docker_host) {
  const bool table = format.starts_with("table");
  if (table) format = trim(format.substr(5));
  format = replace_all(replace_all(format, "\\t", "\t"), "\\n", "\n");
  const auto parsed = text_template::Template::parse(format);
  std::string text;
  if (table) text += parsed.execute(row_titles()) + "\n";
  for (const auto& row : rows) text += parsed.execute(row_value(row, rows, docker_host)) + "\n";
  return table ? align_columns(text, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '}) : text;
}

/// The same fields for programs, in one document.
Json as_json(const std::vector<SurveyRow>& rows, const std::string& docker_host) {
  Json list = Json::array();
  for (const auto& row : rows) {
    const Activity activity = activity_of(row, docker_host);
    const Json options = row.machine ? document_of(*row.machine)["HostOptions"] : Json::object();
    list.push_back({{"Name", row.name},
                    {"Active", active_text(row, activity)},
                    {"ActiveHost", activity.engine},
                    {"ActiveSwarm", activity.swarm},
                    {"DriverName", row.driver_name},
                    {"State", text(row.state)},
                    {"URL", row.url},
                    {"SwarmOptions", options.value("SwarmOptions", Json())},
                    {"Swarm", swarm_text(row, rows)},
                    {"EngineOptions", options.value("EngineOptions", Json())},
                    {"Error", row.error},
                    {"DockerVersion", row.engine_version},
                    {"ResponseMilliseconds", row.took.count()}});
  }
  return list;
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const Filter filter(flags.list("filter"));
  const bool quiet = flags.boolean("quiet");
  auto rows = load_rows(context.runtime, context.runtime.store.names());
  if (quiet) std::erase_if(rows, [](const SurveyRow& row) { return !row.machine; });
  const auto all = rows;
  std::erase_if(rows, [&](const SurveyRow& row) { return !filter.accepts(row, all); });

  if (!quiet || filter.asks_for_state()) {
    Task limited = context.task.within(std::chrono::seconds(std::max(0LL, flags.number("timeout"))));
    survey(context.runtime, rows, quiet ? Question::state : Question::state_and_engine, limited);
    std::erase_if(rows, [&](const SurveyRow& row) { return !filter.accepts_state(row); });
  }
  if (quiet) {
    for (const auto& row : rows) context.out << row.name << "\n";
    return 0;
  }
  std::ranges::sort(rows,
                    [](const SurveyRow& a, const SurveyRow& b) { return natural_less(a.name, b.name); });
  const std::string& format = flags.text("format");
  const std::string docker_host = context.runtime.services.environment.variable_or("DOCKER_HOST", "");
  if (format == "json") {
    context.out << go_json(as_json(rows, docker_host), 4) << "\n";
  } else {
    context.out << rendered(format.empty() ? default_format : format, rows, docker_host);
  }
  return 0;
}

/// The filters: keys, and the values that can be known without asking anybody.
std::vector<std::string> choices(const std::string& flag, const Store& store) {
  if (flag != "filter") return {};
  std::vector<std::string> filters;
  for (const DriverType* type : built_in_drivers()) filters.push_back("driver=" + type->name());
  filters.emplace_back("label=");
  for (const auto& name : store.names()) filters.push_back("name=" + name);
  filters.emplace_back("name=");
  for (int state = 1; state <= static_cast<int>(State::timeout); ++state)
    filters.push_back("state=" + text(static_cast<State>(state)));
  for (const auto& name : store.names()) filters.push_back("swarm=" + name);
  filters.emplace_back("swarm=");
  return filters;
}

}  // namespace

extern const Command ls_command;
const Command ls_command{
    .syntax = {.name = "ls",
               .summary = "List machines",
               .flags = {{.name = "quiet",
                          .kind = FlagKind::boolean,
                          .help = "Enable quiet mode",
                          .aliases = {"q"}},
                         {.name = "filter",
                          .kind = FlagKind::list,
                          .help = "Filter output based on conditions provided"},
                         {.name = "timeout",
                          .kind = FlagKind::number,
                          .help = "Timeout in seconds, default to 10s",
                          .otherwise = 10LL,
                          .aliases = {"t"}},
                         {.name = "format",
                          .help = "Pretty-print machines using a Go template, or print them as json",
                          .aliases = {"f"}}}},
    .run = run,
    .choices = choices};

}  // namespace dm
