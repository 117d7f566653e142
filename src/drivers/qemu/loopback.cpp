// Reserved loopback addresses as files that appear whole or not at all.
#include "drivers/qemu/loopback.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>

#include "base/json.h"
#include "base/strings.h"
#include "drivers/qemu/patience.h"

namespace dm {
namespace {

constexpr unsigned shared_folder = 01777;
constexpr unsigned public_file = 0644;

std::string absolute_text(const fs::path& machine) {
  std::error_code code;
  const fs::path path = fs::absolute(machine, code);
  if (code) {
    throw Error(fmt::format("cannot tell where \"{}\" is: {}", machine.string(), error_text(code.value())));
  }
  return path.lexically_normal().string();
}

bool is_ours(const fs::path& file) {
  struct stat status {};
  return lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid();
}

/// The folder of the machine that one of our own files names; empty if it cannot be told.
std::string machine_of(const fs::path& file) {
  try {
    return text_of(parse_json(read_file(file)), "Folder");
  } catch (const Error&) {
    return {};
  }
}

/// Whether the machine is gone. A folder that cannot be looked at counts as there.
bool is_gone(const std::string& machine) {
  std::error_code code;
  return !machine.empty() && fs::status(machine, code).type() == fs::file_type::not_found;
}

}  // namespace

std::string random_loopback_address() {
  thread_local std::mt19937 random{std::random_device{}()};
  const auto between = [](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  return fmt::format("127.{}.{}.{}", between(1, 254), between(0, 255), between(1, 254));
}

void LoopbackAddresses::make_folder_for_all() const {
  if (mkdir(folder_.c_str(), shared_folder) == 0)
    chmod(folder_.c_str(), shared_folder);  // whatever the umask says
  if (const std::string reason = distrust(); !reason.empty()) {
    throw Error(fmt::format("cannot reserve an address: the folder \"{}\" {}", folder_.string(), reason));
  }
}

/// Why the folder is not fit for reservations, as the end of a sentence; empty if it is.
std::string LoopbackAddresses::distrust() const {
  struct stat status {};
  if (lstat(folder_.c_str(), &status) != 0) return "cannot be looked at: " + error_text(errno);
  if (!S_ISDIR(status.st_mode)) return "is none: remove what has this name";
  // Whose it is does not matter: whoever came first made it for all. At worst its owner takes away
  // reservations, and a machine's start finds out.
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && (status.st_mode & S_ISVTX) == 0) {
    return fmt::format("lets everybody remove others' files: chmod 1777 \"{}\"", folder_.string());
  }
  return {};
}

// Only whoever holds this lock removes files, each user his own; so what was found to be stale stays so.
FileLock LoopbackAddresses::lock(const Task& task) const {
  const fs::path file = folder_ / fmt::format(".lock-{}", geteuid());
  return with_patience(
      task, std::chrono::seconds(30),
      fmt::format("another docker-machine does not let go of the reserved addresses (\"{}\" is locked): end "
                  "it and try again",
                  file.string()),
      [&](const Task& limited) { return FileLock::acquire(file, limited); });
}

bool LoopbackAddresses::take(const std::string& address, const fs::path& machine) const {
  const fs::path file = folder_ / address;
  if (is_ours(file)) {
    const std::string holder = machine_of(file);
    if (holder == absolute_text(machine)) return true;
    if (is_gone(holder)) dm::remove_all(file);
  }
  try {
    const Json content{{"User", geteuid()}, {"Folder", absolute_text(machine)}};
    write_new_file(file, content.dump() + "\n", public_file);
    return true;
  } catch (const Error& error) {
    if (error.reason() == Reason::already_exists) return false;
    throw error.within("cannot reserve an address");
  }
}

std::string LoopbackAddresses::reserve(const fs::path& machine,
                                       const std::function<bool(const std::string&)>& usable,
                                       const Task& task) const {
  make_folder_for_all();
  const FileLock guard = lock(task);
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::string address = candidates_();
    if (!usable(address)) continue;
    if (take(address, machine)) return address;
  }
  throw Error("found no free loopback address for the machine");
}

bool LoopbackAddresses::reserve_again(const std::string& address, const fs::path& machine,
                                      const Task& task) const {
  make_folder_for_all();
  const FileLock guard = lock(task);
  return take(address, machine);
}

void LoopbackAddresses::release(const fs::path& machine, const Task& task) const {
  // A folder that is not trusted never took a reservation of ours.
  if (!distrust().empty()) return;
  const FileLock guard = lock(task);
  std::error_code code;
  for (fs::directory_iterator entry(folder_, code), end; !code && entry != end; entry.increment(code)) {
    const fs::path file = entry->path();
    if (file.filename().string().starts_with(".") || !is_ours(file)) continue;
    if (machine_of(file) == absolute_text(machine)) dm::remove_all(file);
  }
}

}  // namespace dm
