// Taking machines over from another computer.
#include "operations/import_machines.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "certs/authority.h"
#include "operations/arrival.h"
#include "operations/contexts.h"
#include "operations/foreign_authority.h"
#include "ssh/known_hosts.h"

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

/// What is here under the name of an arrival.
enum class Presence {
  nothing,
  same,         ///< the very machine
  other_access  ///< the very machine, with what `access` had granted earlier
};

/// Whether both are one machine by its host key, and what opens it here and what arrives were both granted by
/// `access`: then the new one takes the place of the old one, also if the machine has moved.
bool is_other_access(const Store& store, const Machine& present, const Arrival& arrival) {
  const auto certificate = read_file_if_there(present.auth.client_cert_path);
  if (!certificate || !is_access_certificate(*certificate) ||
      !is_access_certificate(arrival.authority.certificate)) {
    return false;
  }
  const auto known =
      pinned_host_keys(fs::path(store.machine_folder(present.name)) / "known_hosts", present.name);
  const auto file = std::ranges::find(arrival.other_files, "known_hosts", &StoredFile::name);
  return file != arrival.other_files.end() && std::ranges::any_of(known, [&](const HostKey& key) {
           return file->content.contains(key.type + " " + key.base64);
         });
}

/// Error if another machine has its name.
Presence presence_of(const Store& store, const Arrival& arrival) {
  if (!store.exists(arrival.name)) return Presence::nothing;
  try {
    const Machine present = store.load(arrival.name);
    if (document_of(present) == document_of(arrival.machine)) return Presence::same;
    if (is_other_access(store, present, arrival)) return Presence::other_access;
  } catch (const Error&) {
    // What cannot be read is another one.
  }
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

/// Puts new access in the place of the one that was granted earlier. Broken off, it can be done again.
void renew_access(const Runtime& runtime, const Arrival& arrival, Task& task) {
  const auto machine_lock = runtime.store.lock_machine(arrival.name, task);
  const AuthOptions old = runtime.store.load(arrival.name).auth;
  {
    const auto lock = runtime.store.lock_certificates(task);
    keep_foreign_authority(runtime.store, arrival.authority);
    for (const auto& file : files_of(arrival))
      write_file(fs::path(runtime.store.machine_folder(arrival.name)) / file.name, file.content, file.mode);
    forget_unused_authority(runtime.store, old);
  }
  refresh_access(runtime, open_machine(runtime, arrival.name), task);
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
    // Who was granted access owns nothing at a provider.
    if (open.type->traits().tagged && !is_access_certificate(read_file(open.machine.auth.client_cert_path)))
      claim_machine(runtime, open, task);
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
  std::vector<Arrival> fresh, present, renewed;
  for (Arrival& arrival : arrivals) {
    here.push_back(arrival.name);
    switch (presence_of(runtime.store, arrival)) {
      case Presence::nothing:
        fresh.push_back(std::move(arrival));
        break;
      case Presence::same:
        present.push_back(std::move(arrival));
        break;
      case Presence::other_access:
        renewed.push_back(std::move(arrival));
        break;
    }
  }
  for (const Arrival& arrival : present)
    task.info(fmt::format("Machine \"{}\" is here already.", arrival.name));
  add_all(runtime, fresh, task);
  for (const Arrival& arrival : renewed) {
    renew_access(runtime, arrival, task);
    task.info(
        fmt::format("Machine \"{}\" is here already; the access to it is the new one now.", arrival.name));
  }
  keep_authority_keys(runtime, present, task);
  for (const Arrival& arrival : fresh) {
    task.info(fmt::format("Machine \"{}\" is here now.", arrival.name));
    tell_of_credentials(arrival, task);
  }
  for (const Arrival& arrival : fresh) settle(runtime, arrival.name, task);
  return here;
}

}  // namespace dm
