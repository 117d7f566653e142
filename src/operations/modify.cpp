// Other settings for a machine that lives.
#include "operations/modify.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "operations/connection.h"
#include "operations/contexts.h"
#include "operations/engine_settings.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

using Texts = std::vector<std::string>;
using Changes = std::vector<SettingChange>;

// Whoever gives other settings has a machine that runs: not the patience that a booting one gets.
constexpr auto login_limit = std::chrono::seconds(45);

Json engine_record(const Machine& machine) {
  Json record = Json::object();
  engine_settings().to_record(engine_settings_of(machine), record);
  return record;
}

std::string key_of(const std::string& entry, const LivingSetting& setting) {
  return setting.key_ends.empty() ? entry : entry.substr(0, entry.find_first_of(setting.key_ends));
}

/// A list in which the wanted entries stand in the place of those with their keys, and the unwanted keys are
/// not.
Texts merged(const LivingSetting& setting, const Texts& wanted, const Texts& unwanted) {
  Texts entries;
  const auto has_key = [&](const Texts& list, const std::string& key) {
    return std::ranges::any_of(list, [&](const std::string& entry) { return key_of(entry, setting) == key; });
  };
  for (const auto& key : unwanted) {
    if (has_key(wanted, key)) {
      throw Error(
          fmt::format("--{0} and --remove-{0} are both given for {1}", setting.flag.name, go_quote(key)),
          Reason::usage);
    }
  }
  Texts placed;
  for (const auto& entry : std::get<Texts>(setting.value)) {
    const std::string key = key_of(entry, setting);
    if (has_key(unwanted, key) || std::ranges::find(unwanted, key) != unwanted.end()) continue;
    if (!has_key(wanted, key)) {
      entries.push_back(entry);
    } else if (std::ranges::find(placed, key) == placed.end()) {
      placed.push_back(key);
      std::ranges::copy_if(wanted, std::back_inserter(entries),
                           [&](const std::string& other) { return key_of(other, setting) == key; });
    }
  }
  for (const auto& entry : wanted) {
    if (std::ranges::find(placed, key_of(entry, setting)) == placed.end()) entries.push_back(entry);
  }
  return entries;
}

FlagValue value_after(const LivingSetting& setting, const Modification& modification) {
  const auto wanted = modification.wanted.find(setting.flag.name);
  const auto unwanted = modification.unwanted.find(setting.flag.name);
  if (setting.flag.kind != FlagKind::list)
    return wanted == modification.wanted.end() ? setting.value : wanted->second;
  return merged(setting, wanted == modification.wanted.end() ? Texts() : std::get<Texts>(wanted->second),
                unwanted == modification.unwanted.end() ? Texts() : unwanted->second);
}

[[noreturn]] void refuse_fixed(const LivingSetting& setting, const std::string& machine) {
  const std::string value = text_of(setting.value);
  const std::string why =
      setting.instead.empty()
          ? "It was decided when the machine was made: only another machine can have another one"
          : setting.instead;
  throw Error(fmt::format("--{} cannot change on a machine that exists: {} is what \"{}\" has. {}",
                          setting.flag.name, value.empty() ? "nothing" : go_quote(value), machine, why),
              Reason::usage);
}

bool any_of_kind(const Changes& changes, Change kind) {
  return std::ranges::any_of(changes, [&](const auto& change) { return change.before.change == kind; });
}

/// Those changes that concern some settings.
Changes of_settings(const Changes& changes, const std::vector<LivingSetting>& settings) {
  Changes theirs;
  std::ranges::copy_if(changes, std::back_inserter(theirs), [&](const SettingChange& change) {
    return std::ranges::any_of(
        settings, [&](const LivingSetting& setting) { return setting.flag.name == change.before.flag.name; });
  });
  return theirs;
}

FlagValues values_after(const Changes& changes) {
  FlagValues values;
  for (const auto& change : changes) values.set(change.before.flag.name, change.after);
  return values;
}

void try_login(const Runtime& runtime, const OpenMachine& open, Task& task) {
  const Endpoint endpoint = open.driver->endpoint();
  if (endpoint.address.empty()) {
    throw Error(
        fmt::format("\"{0}\" has no address now, so that this cannot be tried: start it first, with "
                    "\"docker-machine start {0}\"",
                    open.name()));
  }
  task.info(fmt::format("Trying SSH to {}...", endpoint.address));
  Task limited = task.within(login_limit);
  in_context("Nothing was changed, since SSH does not work with that", [&] {
    RemoteHost host = remote_host_of(runtime, open);
    const CommandResult result = host.ask({.line = "exit 0", .limit = login_limit}, limited);
    if (!result.ok()) throw Error(fmt::format("the command \"exit 0\" ended with {}", result.status));
  });
}

void try_provider(const OpenMachine& open, Task& task) {
  task.info("Trying the provider...");
  Task limited = task.on(open.name()).within(login_limit);
  in_context("Nothing was changed, since the provider does not answer with that",
             [&] { open.driver->observe(limited); });
}

/// A key that is the machine's own, and not used any more.
void remove_former_key(const Runtime& runtime, const OpenMachine& open, const Endpoint& former) {
  if (!former.ssh) return;
  const std::string& key = former.ssh->key_file;
  const bool is_own = key.starts_with(runtime.store.machine_folder(open.name()) + "/");
  if (!is_own || key == open.driver->endpoint().ssh->key_file) return;
  remove_all(key);
  remove_all(key + ".pub");
}

/// The driver's part. A setting that concerns the engine too is saved when that has taken it.
void modify_driver(const Runtime& runtime, OpenMachine& open, const Changes& changes, Task& task) {
  if (changes.empty()) return;
  const Json former = open.machine.driver;
  open.driver = open.type->open(open.type->changed(former, values_after(changes)), runtime.services);
  if (any_of_kind(changes, Change::account)) try_provider(open, task);
  if (any_of_kind(changes, Change::login)) try_login(runtime, open, task);
  Task driver_task = task.on(open.name());
  const auto save = [&] { save_machine(runtime, open, task); };
  open.driver->apply(former, save, driver_task);
  if (!any_of_kind(changes, Change::engine)) save();
}

/// The engine's settings after the changes; Error if no engine takes them.
EngineSettings engine_after(const Machine& machine, const Changes& changes) {
  const Json record = engine_record(machine);
  const EngineSettings settings =
      engine_settings().changed(record, values_after(of_settings(changes, engine_settings().living(record))));
  check_engine(settings);
  return settings;
}

void check_running(const OpenMachine& open, Task& task) {
  const State state = open.driver->observe(task).state;
  if (state == State::running) return;
  throw Error(
      fmt::format("\"{0}\" is {1}, so that its engine cannot be changed: start it first, with "
                  "\"docker-machine start {0}\"",
                  open.name(), text(state)));
}

/// What `adopt` promised to leave alone; a certificate's names are ours where the certificate is.
void fix_what_adoption_left_alone(std::vector<LivingSetting>& settings, const Notes& notes) {
  if (!notes.own_configuration && !notes.over_ssh) return;
  for (auto& setting : settings) {
    if (setting.change != Change::engine || (setting.flag.name == "tls-san" && !notes.over_ssh)) continue;
    setting.change = Change::fixed;
    setting.instead =
        "The engine was adopted with a configuration of its own, which is left alone: change that on the "
        "machine, in /etc/docker/daemon.json or the unit docker.service";
  }
}

}  // namespace

std::vector<LivingSetting> settings_of(const Runtime& runtime, const OpenMachine& open) {
  auto settings = engine_settings().living(engine_record(open.machine));
  for (auto& setting : settings) {
    if (setting.flag.name == "engine-version")
      setting.value = runtime.store.notes(open.name()).engine_version;
  }
  if (!open.type->traits().provisioned) settings.clear();  // its engine is looked after by somebody else
  fix_what_adoption_left_alone(settings, runtime.store.notes(open.name()));
  for (auto& setting : open.type->settings(open.machine.driver)) settings.push_back(std::move(setting));
  return settings;
}

std::vector<SettingChange> changes_in(const std::vector<LivingSetting>& settings,
                                      const Modification& modification, const std::string& machine) {
  const auto check_known = [&](const std::string& flag) {
    if (std::ranges::any_of(settings, [&](const auto& setting) { return setting.flag.name == flag; })) return;
    throw Error(fmt::format("--{} is no setting of \"{}\": its engine is looked after by somebody else", flag,
                            machine),
                Reason::usage);
  };
  for (const auto& [flag, value] : modification.wanted) check_known(flag);
  for (const auto& [flag, keys] : modification.unwanted) check_known(flag);
  Changes changes;
  for (const auto& setting : settings) {
    FlagValue after = value_after(setting, modification);
    if (after == setting.value) continue;
    if (setting.change == Change::fixed) refuse_fixed(setting, machine);
    changes.push_back({setting, std::move(after)});
  }
  return changes;
}

std::vector<SettingChange> modify_machine(const Runtime& runtime, const std::string& name,
                                          const Modification& modification, Task& task) {
  const auto lock = runtime.store.lock_machine(name, task);
  OpenMachine open = open_machine(runtime, name);
  const Changes changes = changes_in(settings_of(runtime, open), modification, name);
  if (changes.empty()) return changes;
  const EngineSettings engine = engine_after(open.machine, changes);
  const Endpoint former = open.driver->endpoint();
  const FormerEngine former_engine{open.machine.engine, engine_port_of(former)};
  modify_driver(runtime, open, of_settings(changes, open.type->settings(open.machine.driver)), task);
  const bool concerns_engine = any_of_kind(changes, Change::engine);
  if (concerns_engine) check_running(open, task);
  set_engine(open.machine, engine);
  if (concerns_engine) {
    change_engine(runtime, open, former_engine,
                  modification.consent == Consent::none ? Containers::run_on : Containers::run_on_if_they_can,
                  task);
  } else {
    save_machine(runtime, open, task);
  }
  // A certificate that names the former address only is renewed, and its engine's containers run on.
  const bool has_moved = open.driver->endpoint().docker_url != former.docker_url;
  if (has_moved && open.type->traits().provisioned && !is_over_ssh(runtime, name))
    connected_url(runtime, open, Target::engine, OtherName::is_mended_under_lock, task);
  refresh_access(runtime, open, task);
  remove_former_key(runtime, open, former);
  return changes;
}

}  // namespace dm
