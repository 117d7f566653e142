// `ls`: all machines and what they are doing.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <future>

#include "base/strings.h"
#include "commands/machines.h"
#include "commands/rows.h"
#include "drivers/catalogue.h"
#include "operations/expiry.h"
#include "operations/filter.h"
#include "operations/survey.h"
#include "text_template/duration.h"

namespace dm {
namespace {

using text_template::Value;

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

std::string swarm_of(const SurveyRow& row, const std::vector<SurveyRow>& all) {
  const SurveyRow* master = swarm_master_of(row, all);
  if (master == nullptr) return "";
  return master->name == row.name ? master->name + " (master)" : master->name;
}

/// Field for field as the original's Go structs, since templates of users name them.
Value engine_options(const EngineOptions& engine) {
  return Value::record("engine.Options", {{"ArbitraryFlags", Value::list(engine.arbitrary_flags)},
                                          {"Dns", Value::list(std::vector<std::string>())},
                                          {"GraphDir", ""},
                                          {"Env", Value::list(engine.environment)},
                                          {"Ipv6", false},
                                          {"InsecureRegistry", Value::list(engine.insecure_registry)},
                                          {"Labels", Value::list(engine.labels)},
                                          {"LogLevel", ""},
                                          {"StorageDriver", engine.storage_driver},
                                          {"SelinuxEnabled", false},
                                          {"TlsVerify", true},
                                          {"RegistryMirror", Value::list(engine.registry_mirror)},
                                          {"InstallURL", engine.install_url}});
}

Value swarm_options(const SwarmOptions& swarm) {
  return Value::record("swarm.Options", {{"IsSwarm", swarm.is_swarm},
                                         {"Address", swarm.address},
                                         {"Discovery", swarm.discovery},
                                         {"Agent", swarm.agent},
                                         {"Master", swarm.master},
                                         {"Host", swarm.host},
                                         {"Image", swarm.image},
                                         {"Strategy", swarm.strategy},
                                         {"Heartbeat", 0},
                                         {"Overcommit", 0.0},
                                         {"ArbitraryFlags", Value::list(swarm.arbitrary_flags)},
                                         {"ArbitraryJoinFlags", Value::list(swarm.arbitrary_join_flags)},
                                         {"Env", Value::list(std::vector<std::string>())},
                                         {"IsExperimental", swarm.is_experimental}});
}

std::string active_text(const SurveyRow& row, const Activity& activity) {
  if (!row.machine || row.state == State::timeout) return "";
  if (activity.engine) return "*";
  return activity.swarm ? "* (swarm)" : "-";
}

Value as_value(const SurveyRow& row, const std::vector<SurveyRow>& all, const std::string& docker_host) {
  const Activity activity = activity_of(row, docker_host);
  const EngineOptions engine = row.machine ? row.machine->engine : EngineOptions();
  const SwarmOptions swarm = row.machine ? row.machine->swarm : SwarmOptions();
  const Value engine_record = engine_options(engine), swarm_record = swarm_options(swarm);
  return Value::record(
      "commands.HostListItem",
      {{"Name", row.name},
       {"Active", active_text(row, activity)},
       {"ActiveHost", activity.engine},
       {"ActiveSwarm", activity.swarm},
       {"DriverName", row.driver_name},
       {"State", Value(static_cast<int>(row.state)).as("state.State").printed_as(text(row.state))},
       {"URL", row.url},
       {"SwarmOptions", row.machine ? Value::pointer_to(swarm_record) : Value::null_pointer_to(swarm_record)},
       {"Swarm", swarm_of(row, all)},
       {"EngineOptions",
        row.machine ? Value::pointer_to(engine_record) : Value::null_pointer_to(engine_record)},
       {"Error", row.error},
       {"DockerVersion", row.engine_version},
       {"ResponseTime", text_template::duration_value(row.took)}});
}

Value header() {
  Value::Map titles;
  for (const auto& [field, title] :
       std::initializer_list<std::pair<const char*, const char*>>{{"Name", "NAME"},
                                                                  {"Active", "ACTIVE"},
                                                                  {"ActiveHost", "ACTIVE_HOST"},
                                                                  {"ActiveSwarm", "ACTIVE_SWARM"},
                                                                  {"DriverName", "DRIVER"},
                                                                  {"State", "STATE"},
                                                                  {"URL", "URL"},
                                                                  {"SwarmOptions", "SWARM_OPTIONS"},
                                                                  {"Swarm", "SWARM"},
                                                                  {"EngineOptions", "ENGINE_OPTIONS"},
                                                                  {"Error", "ERRORS"},
                                                                  {"DockerVersion", "DOCKER"},
                                                                  {"ResponseTime", "RESPONSE"}}) {
    titles.emplace(field, title);
  }
  return Value::map(std::move(titles));
}

std::string rendered(const std::string& format, const std::vector<SurveyRow>& rows,
                     const std::string& docker_host) {
  return rendered_rows(format, header(), rows.size(),
                       [&](size_t i) { return as_value(rows[i], rows, docker_host); });
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
                    {"Swarm", swarm_of(row, rows)},
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
  std::ranges::sort(rows,
                    [](const SurveyRow& a, const SurveyRow& b) { return natural_less(a.name, b.name); });
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
    .choices = choices};

}  // namespace dm
