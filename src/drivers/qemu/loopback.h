#pragma once
#include <functional>
#include <string>

#include "base/file.h"
#include "base/task.h"

namespace dm {

/// A random address of 127.0.0.0/8 outside 127.0.0.0/16, where programs of their own listen.
std::string random_loopback_address();

/// The loopback addresses that machines have, of all stores and users of this computer: a folder with a file
/// for each address, which names its machine. The folder must be one in which nobody but root or this user
/// can remove others' files. Thread-safe, also among processes.
class LoopbackAddresses {
 public:
  using Candidates = std::function<std::string()>;

  explicit LoopbackAddresses(fs::path folder = "/var/tmp/docker-machine-addresses",
                             Candidates candidates = random_loopback_address)
      : folder_(std::move(folder)), candidates_(std::move(candidates)) {}

  /// Reserves an address for the machine in `machine` (its folder). `usable` says whether the machine's ports
  /// can be listened on there. Error if 50 candidates in a row are of no use.
  std::string reserve(const fs::path& machine, const std::function<bool(const std::string&)>& usable,
                      const Task& task) const;
  /// Reserves just this address, unless it is reserved already; false if another machine has it.
  [[nodiscard]] bool reserve_again(const std::string& address, const fs::path& machine,
                                   const Task& task) const;
  /// Gives back whatever is reserved for the machine.
  void release(const fs::path& machine, const Task& task) const;

 private:
  void make_folder_for_all() const;
  std::string distrust() const;
  FileLock lock(const Task& task) const;
  [[nodiscard]] bool take(const std::string& address, const fs::path& machine) const;

  fs::path folder_;
  Candidates candidates_;
};

}  // namespace dm
