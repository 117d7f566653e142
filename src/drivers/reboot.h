#pragma once
#include <string>

#include "base/task.h"
#include "ssh/ssh.h"

namespace dm {

/// The kernel's boot id and when process 1 began (a container keeps the former when it restarts): something
/// else afterwards proves that the host really went down and came back. Errors as SshConnector's.
std::string boot_id(const SshTarget& target, SshConnector& ssh, Task& task);
/// Waits until the host has another boot id than `before`; Error(timed_out) after `limit`, and at once if the
/// host's key or ours is refused.
void wait_for_other_boot(const std::string& before, const SshTarget& target, SshConnector& ssh,
                         Milliseconds limit, Task& task);

}  // namespace dm
