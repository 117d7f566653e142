// Whether a host has been rebooted, seen over SSH.
#include "drivers/reboot.h"

#include <fmt/core.h>

#include "base/strings.h"

namespace dm {
namespace {

constexpr auto answer_limit = std::chrono::seconds(20);

}  // namespace

std::string boot_id(const SshTarget& target, SshConnector& ssh, Task& task) {
  const auto session = ssh.connect(target, task);
  const auto result = session->run({.line = "cat /proc/sys/kernel/random/boot_id && "
                                            "sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20",
                                    .limit = answer_limit},
                                   task);
  if (!result.ok()) throw Error("cannot read the host's boot id: " + std::string(trim(result.error)));
  return std::string(trim(result.output));
}

void wait_for_other_boot(const std::string& before, const SshTarget& target, SshConnector& ssh,
                         Milliseconds limit, Task& task) {
  Task waiting = task.within(limit);
  for (Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(5));;) {
    try {
      backoff.pause(waiting);
      if (boot_id(target, ssh, waiting) != before) return;
    } catch (const Error& error) {
      if (waiting.left().count() == 0) {
        throw Error(
            fmt::format("the host did not come back within {} minutes of its restart: {}",
                        std::chrono::duration_cast<std::chrono::minutes>(limit).count(), error.what()),
            Reason::timed_out);
      }
      if (error.reason() == Reason::host_key_changed || error.reason() == Reason::authentication_failed)
        throw;
    }
  }
}

}  // namespace dm
