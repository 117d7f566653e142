#pragma once
#include <optional>
#include <string>

#include "base/file.h"
#include "base/task.h"

namespace dm {

/// The running qemu of one machine, known by the machine's UUID in its arguments, so that a stranger with a
/// recycled process number is never taken for it. One thread at a time.
class QemuProcess {
 public:
  /// The name of the file in a machine's folder in which qemu notes its process number.
  static constexpr const char* file_name = "qemu.pid";

  /// The one that the machine's folder names; nothing if it does not run.
  static std::optional<QemuProcess> find(const fs::path& folder, const std::string& uuid);
  /// The one among all processes: also finds a qemu that has not noted its number yet.
  static std::optional<QemuProcess> find_anywhere(const std::string& uuid);

  /// Waits for its end; false if it still runs after `limit`. Throws as Task::check does.
  [[nodiscard]] bool wait(Milliseconds limit, const Task& task) const;
  /// Ends it at once, without asking.
  void kill() const;

  QemuProcess(QemuProcess&& other) noexcept;
  QemuProcess& operator=(QemuProcess&& other) noexcept;
  ~QemuProcess();

 private:
  explicit QemuProcess(int descriptor) : descriptor_(descriptor) {}
  static std::optional<QemuProcess> verified(int id, const std::string& uuid);

  int descriptor_ = -1;  ///< stands for this process alone, also when its number is given to another
};

}  // namespace dm
