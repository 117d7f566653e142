// `ls`: all machines and what they are doing.
#include <fmt/core.h>

#include <algorithm>
#include <future>

#include "base/strings.h"
#include "commands/ls_row.h"
#include "commands/machines.h"
#include "commands/rows.h"
#include "drivers/catalogue.h"
#include "operations/expiry.h"
#include "operations/filter.h"
#include "operations/survey.h"

namespace dm {
namespace {

constexpr auto default_format =
    "table {{ .Name }}\t{{ .Active }}\t{{ .DriverName}}\t{{ .State }}\t{{ .URL }}\t{{ .Swarm }}\t{{ "
    ".DockerVersion }}\t"
    "{{ .Error}}";

std::string rendered(const std::string& format, const std::vector<SurveyRow>& rows,
                     const std::string& docker_host) {
  return rendered_rows(format, row_titles(), rows.size(),
                       [&](size_t i) { return row_value(rows[i], rows, docker_host); });
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

/// A line about certificates that end soon, or "".
std::string certificate_warning(const Context& context, const std::vector<SurveyRow>& rows) {
  std::vector<const Machine*> machines;
  for (const auto& row : rows) {
    if (row.machine) machines.push_back(&*row.machine);
  }
  return expiry_warning(context.runtime, machines);
}

void mend_certificates(Context& context, const std::vector<SurveyRow>& rows) {
  const auto failures = mend_moved(context.runtime, rows, context.task);
  if (!failures.empty()) context.task.warn(join(failures, "; "));
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const Filter filter(flags.list("filter"));
  const bool quiet = flags.boolean("quiet");
  auto rows = load_rows(context.runtime, context.runtime.store.names());
  if (quiet) std::erase_if(rows, [](const SurveyRow& row) { return !row.machine; });
  const auto all = rows;
  std::erase_if(rows, [&](const SurveyRow& row) { return !filter.accepts(row, all); });

  // Beside the survey, which waits for others: files of hundreds of machines take their time.
  std::future<std::string> warning;
  if (!quiet) warning = std::async(std::launch::async, [&] { return certificate_warning(context, rows); });
  if (!quiet || filter.asks_for_state()) {
    Task limited = context.task.within(std::chrono::seconds(std::max(0LL, flags.number("timeout"))));
    survey(context.runtime, rows, quiet ? Question::state : Question::state_and_engine, limited);
    if (!quiet) warning.wait();
    std::erase_if(rows, [&](const SurveyRow& row) { return !filter.accepts_state(row); });
  }
  if (quiet) {
    for (const auto& row : rows) context.out << row.name << "\n";
    return 0;
  }
  std::ranges::sort(rows, natural_less, &SurveyRow::name);
  const std::string& format = flags.text("format");
  const std::string docker_host = context.runtime.services.environment.variable_or("DOCKER_HOST", "");
  if (format == "json") {
    context.out << go_json(as_json(rows, docker_host), 4) << "\n";
  } else {
    context.out << rendered(format.empty() ? default_format : format, rows, docker_host);
  }
  context.out << std::flush;
  if (const std::string told = warning.get(); !told.empty()) context.task.warn(told);
  mend_certificates(context, rows);
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
    .messages = Messages::on_error,
    .choices = choices};

}  // namespace dm
