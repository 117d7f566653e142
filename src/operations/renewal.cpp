// A new server certificate for an engine that runs.
#include "operations/renewal.h"

#include <fmt/core.h>

#include "operations/certificates.h"
#include "operations/contexts.h"
#include "operations/foreign_authority.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {
// It answered a moment ago, or is said to run: not the patience that a booting machine gets.
constexpr auto ssh_limit = std::chrono::seconds(45);
}  // namespace

void renew_server_certificate(const Runtime& runtime, OpenMachine& open, Containers containers, Task& task) {
  refuse_to_touch_over_ssh(runtime, open.name());
  require_authority_key(runtime.store, open.machine);
  const Endpoint endpoint = known_endpoint(open);
  task.info(fmt::format("Renewing the certificate of \"{}\" for {}...", open.name(), endpoint.address));
  RemoteHost host = remote_host_of(runtime, open);
  Task limited = task.within(ssh_limit);
  const MachineFacts facts =
      in_context("Error detecting OS", [&] { return detect_distribution(host, limited); });
  const EngineCertificates made = make_engine_certificates(runtime, open.machine, endpoint.address, task);
  renew_engine_certificates(host, facts, made, engine_port_of(endpoint), containers, task);
  keep_engine_certificates(open.machine, made);
  refresh_copies(runtime, open.machine);
  save_machine(runtime, open, task);
  refresh_access(runtime, open, task);
}

}  // namespace dm
