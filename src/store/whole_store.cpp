// All of a store at once, as backups need it.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "store/store.h"

namespace dm {
namespace {

constexpr std::array kept{"certs", "machines", "remains", "store-id"};

/// What another process is writing, or has left when it crashed, begins with a dot.
bool is_work_in_progress(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// "NAME" and "FILE" of "machines/NAME/FILE".
std::pair<std::string, std::string> machine_and_file(const std::string& relative) {
  const auto parts = split(relative, '/');
  if (parts.size() < 3 || parts[0] != "machines") return {};
  return {parts[1], relative.substr(parts[0].size() + parts[1].size() + 2)};
}

/// All files below a folder, but for work in progress. A folder that goes meanwhile was removed by its owner.
void each_file(const fs::path& folder, const std::function<void(const fs::path&)>& visit) {
  std::error_code code, ignored;
  fs::directory_iterator entry(folder, code);
  for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
    const fs::path path = entry->path();
    if (is_work_in_progress(path)) continue;
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
      each_file(path, visit);
    } else if (entry->is_regular_file(ignored)) {
      visit(path);
    }
  }
  if (code && code != std::errc::no_such_file_or_directory)
    throw Error(fmt::format("open {}: {}", folder.string(), lower(code.message())));
}

unsigned mode_of(const fs::path& path) {
  std::error_code ignored;
  const auto bits = fs::status(path, ignored).permissions();
  return (bits & fs::perms::others_read) == fs::perms::none ? private_file : 0644U;
}

}  // namespace

bool Store::is_empty() const {
  std::error_code ignored;
  const auto has_files = [&](const char* folder) {
    return fs::exists(file(folder), ignored) && !fs::is_empty(file(folder), ignored);
  };
  return names().empty() && !has_files("certs") && !has_files("remains");
}

std::vector<StoredFile> Store::files(
    const std::function<bool(const std::string& machine, const std::string& file)>& leave_out) const {
  std::vector<StoredFile> found;
  const auto take = [&](const fs::path& path) {
    const std::string relative = path.lexically_relative(root()).string();
    const auto [machine, name] = machine_and_file(relative);
    if (!machine.empty() && leave_out(machine, name)) return;
    // What is gone by now was removed by its owner.
    if (auto content = read_file_if_there(path))
      found.push_back({relative, *std::move(content), mode_of(path)});
  };
  for (const char* part : kept) {
    std::error_code code;
    if (fs::is_regular_file(file(part), code)) take(file(part));
    if (fs::is_directory(file(part), code)) each_file(file(part), take);
  }
  std::ranges::sort(found, {}, &StoredFile::name);
  return found;
}

void Store::fill(const std::vector<StoredFile>& files) const {
  make_folders(root());
  if (!is_empty()) {
    throw Error(fmt::format("the store {} is not empty", root()), Reason::already_exists);
  }
  const std::string hidden = file(".restore." + random_hex(8));
  std::vector<std::string> shown;
  try {
    for (const auto& [name, content, mode] : files) {
      const auto top = name.substr(0, name.find('/'));
      if (std::ranges::find(kept, top) == kept.end())
        throw Error(fmt::format("{} has no place in a store", go_quote(name)));
      make_folders(fs::path(hidden + "/" + name).parent_path());
      write_file(hidden + "/" + name, content, mode);
    }
    // The machines come last: when they can be seen, all that they need is there.
    for (const char* part : {"certs", "remains", "machines"}) {
      std::error_code code;
      if (!fs::exists(hidden + "/" + part, code)) continue;
      fs::remove(file(part), code);  // An empty folder; anything else stays, and is refused.
      if (!move_new_folder(hidden + "/" + part, file(part)))
        throw Error(fmt::format("{} is there already", file(part)), Reason::already_exists);
      shown.push_back(file(part));
    }
    if (const auto id = read_file_if_there(hidden + "/store-id"))
      write_file(file("store-id"), *id, private_file);
  } catch (...) {
    for (const auto& path : shown) remove_all(path);
    remove_all(hidden);
    throw;
  }
  remove_all(hidden);
}

}  // namespace dm
