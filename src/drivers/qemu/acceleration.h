#pragma once
#include <string>

#include "base/file.h"
#include "drivers/driver.h"
#include "drivers/qemu/command_line.h"

namespace dm {

/// What is known of KVM on this computer since it was started.
enum class KvmVerdict {
  unknown,
  plausible,  ///< a tiny system ran; no machine has answered yet
  works,      ///< a machine has answered under it
  broken,
};

/// Whether KVM is worth using here: tried once and remembered in a file, until the computer, its kernel or
/// qemu is another one. Thread-safe, also among processes.
class KvmTrial {
 public:
  /// `folder` is for the file; `program` is the qemu to be used.
  KvmTrial(fs::path folder, std::string program) : folder_(std::move(folder)), program_(std::move(program)) {}

  /// Remembered, or found out by letting a tiny system run, which takes a few seconds at most.
  KvmVerdict verdict(const Services& services, Task& task) const;
  void remember(KvmVerdict verdict, const Services& services, Task& task) const {
    note(verdict, computer(services, task));
  }

  /// Runs the tiny system now: it enters 64-bit mode with paging, goes to user mode and comes back by a
  /// system call, as the kernel of any machine does. There are computers whose KVM runs a BIOS but fails at
  /// this.
  bool runs_a_system(Accelerator accelerator, const Services& services, Task& task) const;

 private:
  std::string computer(const Services& services, const Task& task) const;
  KvmVerdict noted(const std::string& computer, const Task& task) const;
  void note(KvmVerdict verdict, const std::string& computer) const;

  fs::path folder_;
  std::string program_;
};

/// Why this user cannot use KVM at all, as the middle of a sentence; empty if he can try.
std::string kvm_obstacle();

/// Waits until an SSH server greets at the address; false if none did when the task's time was over.
bool ssh_answers(const std::string& address, int port, const Task& task);

}  // namespace dm
