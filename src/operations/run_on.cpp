// One command on one of many machines.
#include "operations/run_on.h"

#include <fmt/core.h>

#include "base/strings.h"

namespace dm {
namespace {

constexpr auto connection_limit = std::chrono::seconds(20);

SshTarget target_of(const Endpoint& endpoint, const OpenMachine& open) {
  if (!endpoint.ssh) {
    throw Error(fmt::format("Machine {} has the driver {}, which gives no SSH access", go_quote(open.name()),
                            go_quote(open.machine.driver_name)));
  }
  if (endpoint.ssh->host.empty()) throw Error("Host is not running");
  return *endpoint.ssh;
}

std::unique_ptr<SshSession> connect(const Runtime& runtime, const SshTarget& target, const Task& task) {
  Task limited = task.within(connection_limit);
  return runtime.services.ssh.connect(target, limited);
}

std::unique_ptr<SshSession> session_with(const Runtime& runtime, OpenMachine& open, Task& task) {
  const Endpoint known = open.driver->endpoint();
  if (!known.address.empty()) {
    try {
      return connect(runtime, target_of(known, open), task);
    } catch (const Error& error) {
      const bool nobody = error.reason() == Reason::unreachable || error.reason() == Reason::timed_out;
      if (!nobody) throw;
      task.debug(error.what());
    }
  }
  const Observation now = open.driver->observe(task);
  if (now.state != State::running) throw Error("Host is not running");
  return connect(runtime, target_of(now.endpoint, open), task);
}

}  // namespace

CommandResult run_on(const Runtime& runtime, const std::string& name, const RemoteCommand& command,
                     Task& task) {
  OpenMachine open = open_machine(runtime, name);
  return session_with(runtime, open, task)->run(command, task);
}

}  // namespace dm
