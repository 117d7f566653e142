// Files: atomic and durable writes, locks between processes.
#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace dm {
namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return value_; }

 private:
  int value_;
};

[[noreturn]] void fail(std::string_view action, const fs::path& path, int code) {
  const Reason reason = code == ENOENT   ? Reason::not_found
                        : code == EEXIST ? Reason::already_exists
                                         : Reason::failed;
  throw Error(fmt::format("{} {}: {}", action, path.string(), error_text(code)), reason);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void write_all(int descriptor, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const auto written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(descriptor) != 0) fail("fsync", path, errno);
}

void sync_folder(const fs::path& folder) {
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (*descriptor >= 0) fsync(*descriptor);
}

/// Writes a complete temporary file beside `path` and gives its name.
fs::path write_beside(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path temporary =
      folder_of(path) / fmt::format(".{}.tmp{}", path.filename().string(), random_hex(8));
  const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (*file < 0) fail("open", path, errno);
  try {
    write_all(*file, content, path);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  return temporary;
}

}  // namespace

std::optional<std::string> read_file_if_there(const fs::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (*file < 0 && errno == ENOENT) return std::nullopt;
  if (*file < 0) fail("open", path, errno);
  std::string content;
  struct stat status {};
  if (fstat(*file, &status) == 0 && status.st_size > 0)
    content.reserve(static_cast<size_t>(status.st_size) + 1);
  char block[16384];
  for (;;) {
    const auto count = read(*file, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path, errno);
    if (count == 0) return content;
    content.append(block, static_cast<size_t>(count));
  }
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string read_file(const fs::path& path) {
  if (auto content = read_file_if_there(path)) return *std::move(content);
  fail("open", path, ENOENT);
}

void write_file(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path temporary = write_beside(path, content, mode);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int code = errno;
    unlink(temporary.c_str());
    fail("rename", path, code);
  }
  sync_folder(folder_of(path));
}

void write_new_file(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path temporary = write_beside(path, content, mode);
  const bool linked = link(temporary.c_str(), path.c_str()) == 0;
  const int code = errno;
  unlink(temporary.c_str());
  if (!linked) fail("create", path, code);
  sync_folder(folder_of(path));
}

bool make_folder(const fs::path& path, unsigned mode) {
  if (mkdir(path.c_str(), mode) == 0) {
    sync_folder(folder_of(path));
    return true;
  }
  if (errno == EEXIST) return false;
  fail("mkdir", path, errno);
}

void make_folders(const fs::path& path, unsigned mode) {
  std::error_code ignored;
  if (path.empty() || fs::is_directory(path, ignored)) return;
  if (path.has_parent_path() && path.parent_path() != path) make_folders(path.parent_path(), mode);
  if (!path.has_filename() || make_folder(path, mode)) return;
  if (!fs::is_directory(path, ignored)) fail("mkdir", path, ENOTDIR);
}

bool move_new_folder(const fs::path& from, const fs::path& to) {
  int result = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  // Some network file systems know the plain call only, which refuses a folder that has something in it.
  if (result != 0 && (errno == EINVAL || errno == ENOSYS)) result = rename(from.c_str(), to.c_str());
  if (result == 0) {
    sync_folder(folder_of(to));
    return true;
  }
  if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return false;
  fail("rename", from, errno);
}

void remove_all(const fs::path& path) {
  std::error_code code;
  fs::remove_all(path, code);
  if (code && code.value() != ENOENT) fail("remove", path, code.value());
}

std::vector<std::string> sub_folders(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code gone;
    if (entry->is_directory(gone)) names.push_back(entry->path().filename().string());
  }
  if (code && code.value() != ENOENT) fail("open", path, code.value());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<FileLock> FileLock::try_acquire(const fs::path& path) {
  make_folders(folder_of(path));
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_file);
  if (descriptor < 0) fail("open", path, errno);
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    // The file may have been removed, and made anew by somebody else, since we opened it.
    struct stat ours {
    }, there{};
    const bool same =
        fstat(descriptor, &ours) == 0 && stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino;
    return same ? std::optional<FileLock>(std::move(lock)) : std::nullopt;
  }
  if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  fail("lock", path, errno);
}

FileLock FileLock::acquire(const fs::path& path, const Task& task) {
  Backoff backoff(Milliseconds(5), Milliseconds(100));
  for (;;) {
    if (auto lock = try_acquire(path)) return std::move(*lock);
    backoff.pause(task);
  }
}

bool FileLock::is_held(const fs::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return *file >= 0 && flock(*file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace dm
