// Taking machines over from another computer.
#include "operations/import_machines.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "operations/arrival.h"
#include "operations/contexts.h"
#include "operations/foreign_authority.h"

namespace dm {
namespace {

constexpr auto provider_limit = std::chrono::seconds(60);

std::string new_name(const std::string& old_name, const NewNames& names, size_t count) {
  if (const auto found = names.find(old_name); found != names.end()) return found->second;
  const auto only = names.find("");
  if (only == names.end()) return old_name;
  if (count != 1) {
    throw Error(fmt::format("The bundle holds {} machines: say --as OLD=NEW to name one of them", count),
                Reason::usage);
  }
  return only->second;
}

void check_renamings(const std::vector<Arrival>& arrivals, const NewNames& names) {
  for (const auto& [old_name, name] : names) {
    const bool known = old_name.empty() || std::ranges::count(arrivals, old_name, &Arrival::old_name) > 0;
    if (!known) {
      throw Error(
          fmt::format("The bundle holds no machine \"{}\" that could be named \"{}\"", old_name, name),
          Reason::not_found);
    }
  }
  for (const Arrival& arrival : arrivals) {
    if (std::ranges::count(arrivals, arrival.name, &Arrival::name) > 1) {
      throw Error(fmt::format("Two machines cannot both be named \"{}\"", arrival.name), Reason::usage);
    }
  }
}

/// Whether the very machine is here already; Error if another one has its name.
bool is_here(const Store& store, const Arrival& arrival) {
  if (!store.exists(arrival.name)) return false;
  std::optional<Machine> present;
  try {
    present = store.load(arrival.name);
  } catch (const Error&) {
    // What cannot be read is another one.
  }
  if (present && document_of(*present) == document_of(arrival.machine)) return true;
  throw Error(
      fmt::format("Docker machine \"{0}\" already exists. Nothing was imported. Give the new one another "
                  "name: --as {1}=NEW",
                  arrival.name, arrival.old_name),
      Reason::already_exists);
}

/// Authorities that were added, for the case that they have to go again.
class AddedAuthorities {
 public:
  explicit AddedAuthorities(const Store& store) : store_(store) {}
  ~AddedAuthorities() {
    if (kept_) return;
    for (const auto& folder : folders_) {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  }
  AddedAuthorities(const AddedAuthorities&) = delete;
  AddedAuthorities& operator=(const AddedAuthorities&) = delete;

  void add(const Arrival& arrival) {
    if (is_own_authority(store_, arrival.authority)) return;
    if (!keep_foreign_authority(store_, arrival.authority)) folders_.push_back(arrival.machine.auth.cert_dir);
  }
  void keep() { kept_ = true; }

 private:
  const Store& store_;
  std::vector<std::string> folders_;
  bool kept_ = false;
};

void add_all(const Runtime& runtime, const std::vector<Arrival>& arrivals, Task& task) {
  std::vector<FileLock> locks;
  std::vector<MachineFolder> folders;
  for (const Arrival& arrival : arrivals) {
    locks.push_back(runtime.store.lock_machine(arrival.name, task));
    folders.push_back({.name = arrival.name, .files = files_of(arrival)});
  }
  const auto lock = runtime.store.lock_certificates(task);
  AddedAuthorities authorities(runtime.store);
  for (const Arrival& arrival : arrivals) authorities.add(arrival);
  runtime.store.add_all(folders);
  authorities.keep();
}

/// A later bundle of the same machine may bring the key that its authority signs with.
void keep_authority_keys(const Runtime& runtime, const std::vector<Arrival>& present, Task& task) {
  const auto lock = runtime.store.lock_certificates(task);
  for (const Arrival& arrival : present) {
    if (!arrival.authority.ca_key || is_own_authority(runtime.store, arrival.authority)) continue;
    if (is_there(arrival.machine.auth.ca_private_key_path)) continue;
    keep_foreign_authority(runtime.store, arrival.authority);
    task.info(fmt::format("The private key of the authority of \"{}\" is here now.", arrival.name));
  }
}

void tell_of_credentials(const Arrival& arrival, const Task& task) {
  if (arrival.withheld.empty()) return;
  std::vector<std::string> keys, variables;
  for (const auto& secret : arrival.withheld) {
    keys.push_back(secret.key);
    if (!secret.variable.empty()) variables.push_back(secret.variable);
  }
  const std::string how = variables.empty() ? "give them where the driver looks for them"
                                            : "set " + join(variables, ", ") + " in the environment";
  task.warn(fmt::format("\"{}\" came without its provider's credentials ({}): {}", arrival.name,
                        join(keys, ", "), how));
}

void tell_of_login(const OpenMachine& open, const Task& task) {
  const Endpoint endpoint = open.driver->endpoint();
  if (!endpoint.ssh || !endpoint.ssh->key_file.empty()) return;
  task.warn(
      fmt::format("\"{}\" came without an SSH key: it is logged in to with your ssh-agent, or the keys in "
                  "your .ssh folder",
                  open.name()));
}

/// What is done to a machine once it is here: from now on its failure is a warning.
void settle(const Runtime& runtime, const std::string& name, Task& task) {
  const auto lock = runtime.store.lock_machine(name, task);
  try {
    OpenMachine open = open_machine(runtime, name);
    tell_of_login(open, task);
    if (open.type->traits().tagged) claim_machine(runtime, open, task);
    introduce(runtime, open, task);
  } catch (const Error& error) {
    task.warn(fmt::format("\"{}\" is here now, but cannot be used yet: {}", name, error.what()));
  }
}

}  // namespace

bool claim_machine(const Runtime& runtime, OpenMachine& open, Task& task) {
  try {
    Task limited = task.on(open.name()).within(provider_limit);
    open.driver->move_to_store(runtime.store.id(task), limited);
    save_machine(runtime, open, task);
    return true;
  } catch (const Error& error) {
    task.warn(
        fmt::format("\"{}\" still carries the mark of the store that it came from, so that \"orphans\" "
                    "does not find here what it may leave: {}",
                    open.name(), error.what()));
    return false;
  }
}

std::vector<std::string> import_machines(const Runtime& runtime, const Bundle& bundle, const NewNames& names,
                                         Origin origin, Task& task) {
  const auto packed_names = machines_in(bundle);
  std::vector<Arrival> arrivals;
  for (const auto& name : packed_names) {
    arrivals.push_back(arrival_of(runtime, bundle, name, new_name(name, names, packed_names.size()), origin));
  }
  check_renamings(arrivals, names);
  std::ranges::sort(arrivals, {}, &Arrival::name);
  std::vector<std::string> here;
  std::vector<Arrival> fresh, present;
  for (Arrival& arrival : arrivals) {
    here.push_back(arrival.name);
    (is_here(runtime.store, arrival) ? present : fresh).push_back(std::move(arrival));
  }
  for (const Arrival& arrival : present)
    task.info(fmt::format("Machine \"{}\" is here already.", arrival.name));
  add_all(runtime, fresh, task);
  keep_authority_keys(runtime, present, task);
  for (const Arrival& arrival : fresh) {
    task.info(fmt::format("Machine \"{}\" is here now.", arrival.name));
    tell_of_credentials(arrival, task);
  }
  for (const Arrival& arrival : fresh) settle(runtime, arrival.name, task);
  return here;
}

}  // namespace dm
