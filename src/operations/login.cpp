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

CopyLocation location_of(const Runtime& runtime, const std::string& text, Task& task) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {.machine = std::nullopt, .path = text};
  std::string name = text.substr(0, colon);
  CopyLocation location{.machine = std::nullopt, .path = text.substr(colon + 1)};
  const auto at = name.rfind('@');
  const std::string user = at == std::string::npos ? "" : name.substr(0, at);
  if (at != std::string::npos) name = name.substr(at + 1);
  if (name == "localhost") return location;
  location.machine = in_context("Error loading host", [&] { return login_of(runtime, name, task); });
  if (!user.empty()) location.machine->user = user;
  return location;
}

void require_program(const std::string& name, const std::string& purpose) {
  if (!find_program(name)) {
    throw Error(fmt::format("You must have a copy of the {} binary locally {}", name, purpose),
                Reason::not_found);
  }
}

}  // namespace dm
