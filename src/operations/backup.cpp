// A whole store in one file, and back.
#include "operations/backup.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/temporary_folder.h"
#include "drivers/catalogue.h"
#include "operations/import_folder.h"

namespace dm {
namespace {

/// Nothing that is known of a machine is that large, in bytes.
constexpr auto largest_file = std::uintmax_t{4} << 20U;

std::vector<std::string> local_files_of(const Store& store, const std::string& machine) {
  try {
    return driver_named(store.load(machine).driver_name).local_files();
  } catch (const Error&) {
    return {};  // A machine that cannot be read, or of an unknown driver, is kept as it is.
  }
}

std::vector<StoredFile> stored_files(const Bundle& bundle) {
  if (bundle.kind != BundleKind::store) {
    throw Error("the bundle is no backup of a store: \"docker-machine import\" takes it", Reason::usage);
  }
  std::vector<StoredFile> files;
  for (const auto& [name, file] : bundle.files) files.push_back({name, file.content, file.mode});
  return files;
}

}  // namespace

Bundle back_up(const Runtime& runtime, Task& task) {
  const Store& store = runtime.store;
  std::map<std::string, std::vector<std::string>> local_files;
  for (const auto& name : store.names()) local_files[name] = local_files_of(store, name);
  std::set<std::string> without_disk;
  const auto leave_out = [&](const std::string& machine, const std::string& file) {
    std::error_code ignored;
    const auto size = fs::file_size(store.machine_folder(machine) + "/" + file, ignored);
    const bool is_local = std::ranges::find(local_files[machine], file) != local_files[machine].end();
    if (is_local) without_disk.insert(machine);
    if (!is_local && !ignored && size > largest_file) {
      task.warn(fmt::format("{} of \"{}\" is too large for a backup, and left out", file, machine));
      return true;
    }
    return is_local;
  };
  // The authority and what it has signed are of one moment.
  const auto lock = store.lock_certificates(task);
  Bundle bundle{.kind = BundleKind::store, .creator = {}, .facts = Json::object(), .files = {}};
  for (auto& [name, content, mode] : store.files(leave_out))
    bundle.files[name] = {.content = std::move(content), .mode = mode};
  if (bundle.files.empty()) throw Error(fmt::format("The store {} is empty", store.path()));
  for (const auto& name : without_disk) {
    task.warn(
        fmt::format("The disk of \"{}\" is not in the backup: what is in the machine has to be saved "
                    "otherwise",
                    name));
  }
  return bundle;
}

void restore(const Runtime& runtime, const Bundle& bundle, Task& task) {
  const auto files = stored_files(bundle);
  try {
    const auto lock = runtime.store.lock_certificates(task);
    runtime.store.fill(files);
  } catch (const Error& error) {
    if (error.reason() != Reason::already_exists) throw;
    throw Error(
        fmt::format("{}: nothing was restored. A backup goes into an empty store (see --storage-path); "
                    "\"docker-machine import\" adds its machines to this one",
                    error.what()),
        error.reason());
  }
  for (const auto& name : runtime.store.names()) {
    if (local_files_of(runtime.store, name).empty()) continue;
    task.warn(fmt::format("\"{}\" is back without its disk", name));
  }
}

std::vector<std::string> import_backup(const Runtime& runtime, const Bundle& bundle, const NewNames& names,
                                       Task& task) {
  const TemporaryFolder folder(runtime.store.path());
  Store(folder.path().string()).fill(stored_files(bundle));
  // Who writes a file chooses its kind: that it is called a backup makes it no more trustworthy.
  return import_folder(runtime, folder.path().string(), names, Origin::stranger, task);
}

}  // namespace dm
