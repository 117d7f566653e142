#pragma once
#include "base/environment.h"
#include "ssh/ssh.h"

namespace dm {

class LibsshLink;

/// One attempt at an authenticated link, Errors as SshConnector::connect. For the files of this folder only.
std::unique_ptr<LibsshLink> open_link(const SshTarget& target, const Environment& environment,
                                      const Task& task);

/// SSH by libssh. Ignores the user's ssh configuration and never asks anything: keys only, no passwords and
/// no passphrases (an encrypted key works through the ssh-agent). A missing key file is Error(not_found).
class LibsshConnector final : public SshConnector {
 public:
  /// HOME (default keys) and SSH_AUTH_SOCK (the agent) are taken from `environment`.
  explicit LibsshConnector(const Environment& environment) : environment_(environment) {}
  std::unique_ptr<SshSession> connect(const SshTarget& target, Task& task) override;

 private:
  Environment environment_;
};

}  // namespace dm
