// The folder of machines.
#include "store/store.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/strings.h"
#include "store/migration.h"

namespace dm {
namespace {

constexpr auto lock_patience = std::chrono::minutes(15);
constexpr auto write_patience = std::chrono::seconds(30);
constexpr auto notes_file = "/notes.json";
constexpr int hidden_digits = 8;

std::string notes_text(const Notes& notes) {
  Json document = Json::object();
  document["Unfinished"] = notes.unfinished;
  if (!notes.failure.empty()) document["Failure"] = notes.failure;
  if (!notes.engine_version.empty()) document["EngineVersion"] = notes.engine_version;
  if (!notes.former_name.empty()) document["RenamedFrom"] = notes.former_name;
  if (notes.own_configuration) document["OwnConfiguration"] = true;
  if (notes.over_ssh) document["OverSSH"] = true;
  return go_json(document, 4);
}

std::string config_text(const Machine& machine) { return go_json(document_of(machine), 4); }

/// A folder that no client takes for a machine: one that is being prepared, or thrown away.
std::string hidden_name(const std::string& machine, std::string_view why) {
  return fmt::format(".{}.{}{}", machine, why, random_hex(hidden_digits));
}

bool is_hidden_folder_of(const std::string& machine, const std::string& folder) {
  for (const std::string& prefix : {"." + machine + ".new", "." + machine + ".gone"}) {
    // Names may have dots: only what is exactly of that form is this machine's.
    if (folder.starts_with(prefix) && folder.size() == prefix.size() + hidden_digits &&
        folder.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos) {
      return true;
    }
  }
  return false;
}

Error unknown_machine(const std::string& name) {
  return Error(
      fmt::format("Docker machine \"{}\" does not exist. Use \"docker-machine ls\" to list machines. Use "
                  "\"docker-machine create\" to add a new one.",
                  name),
      Reason::not_found);
}

/// Replaces a folder in front of `text` by another one; false if `text` does not lie below it.
bool rebase(std::string& text, const std::string& from, const std::string& to) {
  if (text != from && !text.starts_with(from + "/")) return false;
  text = to + text.substr(from.size());
  return true;
}

/// A machine's file names the folder that it was written in. If that is not where it lies now, the store was
/// moved, or the machine renamed: whatever pointed into it points here from now on.
void follow_move(Machine& machine, const std::string& folder, const std::string& root) {
  constexpr std::string_view middle = "/machines/";
  const std::string written = machine.auth.store_path;
  const auto at = written.rfind(middle);
  if (written == folder || at == std::string::npos || at == 0) return;
  const std::string old_root = written.substr(0, at), old_name = written.substr(at + middle.size());
  if (old_name.empty() || old_name.contains('/')) return;
  const auto follow = [&](std::string& path) {
    if (!rebase(path, written, folder)) rebase(path, old_root, root);
  };
  auto& auth = machine.auth;
  for (std::string* path :
       {&auth.cert_dir, &auth.ca_cert_path, &auth.ca_private_key_path, &auth.server_cert_path,
        &auth.server_key_path, &auth.client_key_path, &auth.client_cert_path, &auth.store_path}) {
    follow(*path);
  }
  if (!machine.driver.is_object()) return;
  for (auto& item : machine.driver.items()) {
    if (!item.value().is_string()) continue;
    auto value = item.value().get<std::string>();
    follow(value);
    item.value() = value;
  }
  const std::string name_key = key_in(machine.driver, "MachineName");
  if (text_of(machine.driver, name_key) == old_name) machine.driver[name_key] = machine.name;
}

/// The content of config.json. The original takes the old file away before it puts the new one in its place:
/// for that moment it is only there under a temporary name.
std::optional<std::string> read_config(const std::string& folder) {
  const std::string file = folder + "/config.json";
  // A folder that changes while it is listed may show neither name: only a few such looks in a row tell, and
  // only when nothing has changed in it lately.
  constexpr int patience = 100, looks_in_vain = 5;
  constexpr auto lately = std::chrono::milliseconds(100);
  for (int tries = 0, in_vain = 0; tries < patience && in_vain < looks_in_vain; ++tries) {
    if (auto text = read_file_if_there(file)) return text;
    std::error_code gone;
    const auto changed = fs::last_write_time(folder, gone);
    bool being_replaced = !gone && fs::file_time_type::clock::now() - changed < lately;
    for (const auto& entry : fs::directory_iterator(folder, gone)) {
      being_replaced = being_replaced || entry.path().filename().string().starts_with("config.json.tmp");
    }
    in_vain = being_replaced ? 0 : in_vain + 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return read_file_if_there(file);
}

}  // namespace

// Joined as the original does it: the root's own slashes at the end do not double.
std::string Store::file(const std::string& relative) const { return root() + "/" + relative; }

std::string Store::root() const { return path_.substr(0, path_.find_last_not_of('/') + 1); }

std::vector<std::string> Store::names() const {
  auto names = sub_folders(file("machines"));
  std::erase_if(names, [](const auto& name) { return name.starts_with('.'); });
  return names;
}

bool Store::exists(const std::string& name) const {
  std::error_code ignored;
  return !name.empty() && name != "." && name != ".." && !name.contains('/') &&
         fs::exists(machine_folder(name), ignored);
}

Machine Store::load(const std::string& name) const {
  if (!exists(name)) throw unknown_machine(name);
  const std::string folder = machine_folder(name);
  const auto text = read_config(folder);
  if (!text) {
    // Without its file it is broken; without its folder it was removed while we looked.
    if (!exists(name)) throw unknown_machine(name);
    throw Error(fmt::format("open {}: no such file or directory", config_file(name)), Reason::not_found);
  }
  return in_context("Error getting migrated host", [&] {
    Json document = parse_json(*text);
    const bool is_old = config_version_of(document) < 3;
    if (is_old) document = migrated(document, name, folder);
    Machine machine = machine_from_document(name, document);
    follow_move(machine, folder, root());
    if (is_old) keep_migrated(machine, *text);
    return machine;
  });
}

void Store::keep_migrated(Machine& machine, const std::string& old_text) const {
  try {
    const auto lock = FileLock::try_acquire(file("locks/write-" + machine.name + ".lock"));
    if (!lock || read_file_if_there(config_file(machine.name)) != old_text) return;
    write_file(config_file(machine.name) + ".bak", old_text, private_file);
    const std::string text = config_text(machine);
    write_file(config_file(machine.name), text, private_file);
    machine.document = parse_json(text);
  } catch (const Error&) {
    // A store that may only be read is read all the same.
  }
}

Notes Store::notes(const std::string& name) const {
  const auto text = read_file_if_there(machine_folder(name) + notes_file);
  if (!text) return {};
  const Json document = in_context("notes.json", [&] { return parse_json(*text); });
  const auto is_true = [&](const char* key) {
    return document.is_object() && document.contains(key) && document[key] == true;
  };
  return {.unfinished = is_true("Unfinished"),
          .failure = text_of(document, "Failure"),
          .engine_version = text_of(document, "EngineVersion"),
          .former_name = text_of(document, "RenamedFrom"),
          .own_configuration = is_true("OwnConfiguration"),
          .over_ssh = is_true("OverSSH")};
}

void Store::add(const Machine& machine, const Notes& notes, const std::vector<StoredFile>& files) const {
  const std::string machines = file("machines");
  make_folders(machines);
  sweep(machine.name);
  // Prepared under a name that no client takes for a machine, then shown at once with everything in it.
  const std::string hidden = machines + "/" + hidden_name(machine.name, "new");
  make_folders(hidden);
  try {
    write_file(hidden + "/config.json", config_text(machine), private_file);
    write_file(hidden + notes_file, notes_text(notes), private_file);
    for (const auto& [name, content, mode] : files) write_file(hidden + "/" + name, content, mode);
    if (!move_new_folder(hidden, machine_folder(machine.name))) {
      throw Error(fmt::format("Docker machine \"{}\" already exists", machine.name), Reason::already_exists);
    }
  } catch (...) {
    remove_all(hidden);
    throw;
  }
}

void Store::add_all(const std::vector<MachineFolder>& machines) const {
  make_folders(file("machines"));
  std::vector<std::string> hidden, shown;
  try {
    for (const auto& [name, files] : machines) {
      sweep(name);
      hidden.push_back(file("machines/" + hidden_name(name, "new")));
      make_folders(hidden.back());
      for (const auto& [relative, content, mode] : files)
        write_file(hidden.back() + "/" + relative, content, mode);
    }
    for (size_t i = 0; i < machines.size(); ++i) {
      if (!move_new_folder(hidden[i], machine_folder(machines[i].name))) {
        throw Error(fmt::format("Docker machine \"{}\" already exists", machines[i].name),
                    Reason::already_exists);
      }
      shown.push_back(machine_folder(machines[i].name));
    }
  } catch (...) {
    for (const auto& folder : shown) remove_all(folder);
    for (const auto& folder : hidden) remove_all(folder);
    throw;
  }
}

void Store::sweep(const std::string& name) const {
  for (const auto& folder : sub_folders(file("machines"))) {
    if (is_hidden_folder_of(name, folder)) remove_all(file("machines/" + folder));
  }
}

FileLock Store::lock_writes(const std::string& name, const Task& task) const {
  return FileLock::acquire(file("locks/write-" + name + ".lock"), task.within(write_patience));
}

bool Store::save_if_unchanged(const Machine& machine, const Task& task) const {
  const auto lock = lock_writes(machine.name, task);
  const auto text = read_file_if_there(config_file(machine.name));
  if (!text || parse_json(*text) != machine.document) return false;
  const std::string wanted = config_text(machine);
  if (wanted != *text) write_file(config_file(machine.name), wanted, private_file);
  return true;
}

void Store::save(const Machine& machine, const Task& task) const {
  const auto lock = lock_writes(machine.name, task);
  const std::string text = config_text(machine);
  if (read_file_if_there(config_file(machine.name)) == text) return;
  if (!exists(machine.name)) {
    throw Error(fmt::format("Docker machine \"{}\" was removed in the meantime", machine.name),
                Reason::not_found);
  }
  write_file(config_file(machine.name), text, private_file);
}

void Store::save_notes(const std::string& name, const Notes& notes) const {
  write_file(machine_folder(name) + notes_file, notes_text(notes), private_file);
}

void Store::rename(const std::string& from, const std::string& to, const Task& task) const {
  const auto lock = lock_writes(from, task);
  sweep(to);
  if (!move_new_folder(machine_folder(from), machine_folder(to)))
    throw Error(fmt::format("Docker machine \"{}\" already exists", to), Reason::already_exists);
  save(load(to), task);
  remove_locks(from);
}

std::optional<std::string> Store::raw_config(const std::string& name) const {
  return read_file_if_there(config_file(name));
}

void Store::forget(const std::string& name, Locks locks) const {
  const std::string folder = machine_folder(name);
  // Out of sight in one step: a crash leaves no half machine for others to load.
  const std::string hidden = file("machines/" + hidden_name(name, "gone"));
  std::error_code code;
  fs::rename(folder, hidden, code);
  remove_all(code ? folder : hidden);
  sweep(name);
  if (locks == Locks::go) remove_locks(name);
}

void Store::remove_locks(const std::string& name) const {
  for (const char* lock : {"locks/write-", "locks/machine-"}) remove_all(file(lock + name + ".lock"));
}

std::string Store::id(const Task& task) const {
  const std::string path = file("store-id");
  const auto known = [&] { return std::string(trim(read_file_if_there(path).value_or(""))); };
  if (auto id = known(); !id.empty()) return id;
  make_folders(root());
  const auto lock = FileLock::acquire(file("locks/store-id.lock"), task.within(write_patience));
  if (auto id = known(); !id.empty()) return id;
  std::string id = random_hex(16);
  write_file(path, id + "\n", private_file);
  return id;
}

void Store::note_remains(const Remains& remains) const {
  const std::string folder = file("remains");
  make_folders(folder);
  const Json document{{"Name", remains.machine},
                      {"DriverName", remains.driver_name},
                      {"Driver", remains.driver},
                      {"Why", remains.why}};
  write_file(folder + "/" + remains.machine + "." + random_hex(hidden_digits) + ".json", go_json(document, 4),
             private_file);
}

std::vector<Remains> Store::remains() const {
  std::vector<Remains> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(file("remains"), missing)) {
    if (entry.path().extension() != ".json" || entry.path().filename().string().starts_with('.')) continue;
    try {
      const Json document = parse_json(read_file(entry.path()));
      found.push_back({.id = entry.path().stem().string(),
                       .machine = text_of(document, "Name"),
                       .driver_name = text_of(document, "DriverName"),
                       .driver = document.value("Driver", Json()),
                       .why = text_of(document, "Why")});
    } catch (const Error&) {
      continue;  // Somebody is removing it.
    }
  }
  std::ranges::sort(found, {}, &Remains::id);
  return found;
}

void Store::forget_remains(const std::string& id) const { remove_all(file("remains/" + id + ".json")); }

FileLock Store::lock_machine(const std::string& name, const Task& task) const {
  const std::string path = file("locks/machine-" + name + ".lock");
  if (auto lock = FileLock::try_acquire(path)) return std::move(*lock);
  task.info(fmt::format("Waiting for another docker-machine that is working on \"{}\"...", name));
  try {
    return FileLock::acquire(path, task.within(lock_patience));
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out) throw;
    throw Error(
        fmt::format(
            "another docker-machine has been working on \"{}\" for too long; see what it does, or end "
            "it, and try again",
            name),
        Reason::timed_out);
  }
}

bool Store::is_locked(const std::string& name) const {
  return FileLock::is_held(file("locks/machine-" + name + ".lock"));
}

FileLock Store::lock_certificates(const Task& task) const {
  return FileLock::acquire(file("locks/certs.lock"), task.within(lock_patience));
}

AuthOptions Store::default_auth(const std::string& name) const {
  const std::string certs = certs_folder(), folder = machine_folder(name);
  return {.cert_dir = certs,
          .ca_cert_path = certs + "/ca.pem",
          .ca_private_key_path = certs + "/ca-key.pem",
          .server_cert_path = folder + "/server.pem",
          .server_key_path = folder + "/server-key.pem",
          .client_key_path = certs + "/key.pem",
          .client_cert_path = certs + "/cert.pem",
          .server_cert_sans = {},
          .store_path = folder};
}

}  // namespace dm
