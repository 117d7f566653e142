#pragma once
#include <memory>
#include <string>

#include "base/process.h"
#include "base/task.h"
#include "model/endpoint.h"

namespace dm {

/// A command for a machine's shell. Secrets go into `input`, never into `line`.
struct RemoteCommand {
  std::string line;   ///< for the login shell, already quoted
  std::string input;  ///< its standard input
  Sink output;        ///< if set, takes standard output and standard error as they come
  Sink error;         ///< if set, takes standard error instead
  Milliseconds limit = std::chrono::minutes(2);  ///< a deadline of its own, besides the task's
};

/// One SSH connection, on which any number of commands run one after the other. One thread at a time.
class SshSession {
 public:
  virtual ~SshSession() = default;
  /// Runs to the end. A non-zero exit is a result; Error(timed_out) when the command did not end in time (the
  /// connection is not to be used again then), Error(unreachable) when the connection broke.
  virtual CommandResult run(const RemoteCommand& command, Task& task) = 0;
};

/// Opens SSH connections. Thread-safe.
class SshConnector {
 public:
  virtual ~SshConnector() = default;
  /// One attempt. Reasons of its Errors: unreachable, timed_out, authentication_failed, host_key_changed.
  /// An unknown host key is pinned in the target's known_hosts file; a changed one is refused.
  virtual std::unique_ptr<SshSession> connect(const SshTarget& target, Task& task) = 0;
};

}  // namespace dm
