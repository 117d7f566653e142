#pragma once
#include <memory>

#include "ssh/ssh.h"

namespace dm {

/// A machine as it is reached over SSH: opens a connection when one is needed, keeps it for everything that
/// follows, and opens a new one after one was lost. One thread at a time.
class RemoteHost {
 public:
  /// `connector` outlives this.
  RemoteHost(SshConnector& connector, SshTarget target) : connector_(connector), target_(std::move(target)) {}

  const SshTarget& target() const { return target_; }

  /// Runs a command once. Errors as those of SshConnector::connect and SshSession::run.
  CommandResult run(const RemoteCommand& command, Task& task);
  /// Runs a command that only looks: if it hangs or the connection breaks, once more on a new connection.
  CommandResult ask(const RemoteCommand& command, Task& task);

  /// Tries until SSH answers and `probe`, a command that only looks, ends with status 0; gives its result.
  /// Who does not answer is tried for `limit`; who keeps refusing us, for a minute, since cloud-init may
  /// install the key late; a changed host key or a key file that cannot be read, not again. Error "Too many
  /// retries waiting for SSH to be available.  Last error: …" with the reason of the last one.
  CommandResult wait_until_reachable(Task& task, const RemoteCommand& probe = {.line = "exit 0"},
                                     Milliseconds limit = std::chrono::minutes(5));

 private:
  void open(Task& task);

  SshConnector& connector_;
  SshTarget target_;
  std::unique_ptr<SshSession> session_;
};

}  // namespace dm
