// The rows of `ls` as values of templates.
#include "commands/ls_row.h"

#include "operations/filter.h"
#include "text_template/duration.h"

namespace dm {

using text_template::Value;

namespace {

/// Field for field as the original's Go structs, since templates of users name them.
Value engine_options(const EngineOptions& engine) {
  return Value::record("engine.Options", {{"ArbitraryFlags", Value::list(engine.arbitrary_flags)},
                                          {"Dns", Value::null_list()},
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
                                         {"Env", Value::null_list()},
                                         {"IsExperimental", swarm.is_experimental}});
}

}  // namespace

std::string swarm_text(const SurveyRow& row, const std::vector<SurveyRow>& all) {
  const SurveyRow* master = swarm_master_of(row, all);
  if (master == nullptr) return "";
  return master->name == row.name ? master->name + " (master)" : master->name;
}

std::string active_text(const SurveyRow& row, const Activity& activity) {
  if (!row.machine || row.state == State::timeout) return "";
  if (activity.engine) return "*";
  return activity.swarm ? "* (swarm)" : "-";
}

Value row_value(const SurveyRow& row, const std::vector<SurveyRow>& all, const std::string& docker_host) {
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
       {"Swarm", swarm_text(row, all)},
       {"EngineOptions",
        row.machine ? Value::pointer_to(engine_record) : Value::null_pointer_to(engine_record)},
       {"Error", row.error},
       {"DockerVersion", row.engine_version},
       {"ResponseTime", text_template::duration_value(row.took)}});
}

Value row_titles() {
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
  return Value::map(std::move(titles), text_template::Elements::text);
}

}  // namespace dm
