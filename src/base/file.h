#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"

namespace dm {

namespace fs = std::filesystem;

/// Permission bits of a file that only its owner may read.
inline constexpr unsigned private_file = 0600;
/// Permission bits of a folder that only its owner may enter.
inline constexpr unsigned private_folder = 0700;

/// Whether there is anything under that name; what cannot be looked at is not there.
bool is_there(const fs::path& path);
/// The whole content; Error(not_found) "open PATH: no such file or directory" if it is not there.
std::string read_file(const fs::path& path);
/// The whole content, or nothing if the file does not exist; other failures throw.
std::optional<std::string> read_file_if_there(const fs::path& path);
/// Replaces the file in one step, durably: at every moment, also across a crash, there is the old or the new
/// one. `mode` is subject to the umask. The temporary file beside it starts with a dot.
void write_file(const fs::path& path, std::string_view content, unsigned mode);
/// As write_file, but Error(already_exists) if the file is there.
void write_new_file(const fs::path& path, std::string_view content, unsigned mode);
/// As `mkdir -p`; what exists is left as it is.
void make_folders(const fs::path& path, unsigned mode = private_folder);
/// Makes one folder whose parent exists; false if it was there already. Atomic among processes.
[[nodiscard]] bool make_folder(const fs::path& path, unsigned mode = private_folder);
/// Gives a folder its name in one step, durably; false if something is there under that name already.
[[nodiscard]] bool move_new_folder(const fs::path& from, const fs::path& to);
/// Removes a file or a whole folder; what is not there is no error.
void remove_all(const fs::path& path);
/// The names of the sub-folders, sorted byte-wise; none if `path` is missing.
std::vector<std::string> sub_folders(const fs::path& path);

/// An exclusive lock between processes, held until destroyed or the process ends. The file itself stays;
/// whoever holds the lock may remove it.
class FileLock {
 public:
  /// Waits for the lock as long as the task allows; makes the file and its folders.
  static FileLock acquire(const fs::path& path, const Task& task);
  /// Takes the lock if it is free.
  static std::optional<FileLock> try_acquire(const fs::path& path);

  /// Whether somebody holds the lock right now. Makes nothing; what cannot be looked at counts as free.
  static bool is_held(const fs::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace dm
