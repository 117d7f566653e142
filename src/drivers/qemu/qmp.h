#pragma once
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/task.h"

namespace dm {

/// A conversation with a running qemu through its machine protocol (QMP). qemu talks to one client at a time,
/// so a conversation is to be short. One thread at a time.
class Qmp {
 public:
  /// The socket's name in a machine's folder.
  static constexpr const char* socket_name = "qmp.sock";

  /// Connects to the qemu whose socket lies in `folder`, however long its path; nothing if nobody listens
  /// there.
  static std::optional<Qmp> connect(const fs::path& folder, const Task& task);

  /// Runs a command and gives its "return"; Error with qemu's reason if it refuses, Error(unreachable) if it
  /// hangs up.
  Json execute(const std::string& command, const Task& task);

  Qmp(Qmp&& other) noexcept;
  Qmp& operator=(Qmp&& other) noexcept;
  ~Qmp();

 private:
  explicit Qmp(int descriptor) : descriptor_(descriptor) {}
  void send_line(const std::string& line, const Task& task);
  Json next_message(const Task& task);

  int descriptor_ = -1;
  std::string unread_;
};

}  // namespace dm
