#pragma once
#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "base/task.h"
#include "model/endpoint.h"
#include "ssh/tcp_connection.h"

struct ssh_session_struct;
struct ssh_event_struct;

namespace dm {

/// A libssh session on a connected socket that never blocks: all waiting is done here, within a task. One
/// thread. For the files of this folder only.
class LibsshLink {
 public:
  /// `home` is the user's home folder, `host_key_types` the preferred first (libssh's list with commas).
  LibsshLink(const SshTarget& target, const std::string& home, const std::string& host_key_types,
             Socket socket);
  ~LibsshLink();
  LibsshLink(const LibsshLink&) = delete;
  LibsshLink& operator=(const LibsshLink&) = delete;

  ssh_session_struct* session() const { return session_; }
  /// "USER@HOST:PORT", for messages.
  const std::string& name() const { return name_; }
  /// Repeats a call of libssh, handling traffic in between, as long as it gives `again`. Error(timed_out) out
  /// of time.
  int complete(int again, const Task& task, const std::function<int()>& call);
  /// Waits for traffic and handles it, calling back into channels, or until one of `others` is ready; false
  /// when the task's time has passed. Says something to the server now and then, so that a dead network is
  /// noticed. Throws Cancelled on a stop.
  bool wait(const Task& task, std::span<pollfd> others = {});
  /// Whether bytes wait for room in the socket.
  bool has_unsent() const;
  bool is_open() const;
  /// Sends what can be sent at once and hangs up.
  void close();
  /// libssh's words for what went wrong last.
  std::string failure() const;

 private:
  void handle_traffic();

  std::string name_;
  ssh_session_struct* session_ = nullptr;
  ssh_event_struct* event_ = nullptr;
  Socket socket_;  // until libssh takes it
  std::chrono::steady_clock::time_point last_sign_of_life_;
};

}  // namespace dm
