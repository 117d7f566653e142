// Handing a machine over to the user's own SSH programs.
#include "operations/login.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "ssh/openssh.h"

namespace dm {

SshTarget login_of(const Runtime& runtime, const std::string& name, Task& task) {
  const OpenMachine open = open_machine(runtime, name);
  const Observation observation = open.driver->observe(task);
  if (observation.state != State::running) {
    throw Error(fmt::format("Error: Cannot run SSH command: Host {} is not running", go_quote(name)));
  }
  if (!observation.endpoint.ssh) {
    throw Error(fmt::format("Machine {} has the driver {}, which gives no SSH access", go_quote(name),
                            go_quote(open.machine.driver_name)));
  }
  if (!observation.endpoint.ssh->key_file.empty()) check_key_file(observation.endpoint.ssh->key_file);
  return *observation.endpoint.ssh;
}

void require_program(const std::string& name, const std::string& purpose) {
  if (!find_program(name)) {
    throw Error(fmt::format("You must have a copy of the {} binary locally {}", name, purpose),
                Reason::not_found);
  }
}

}  // namespace dm
