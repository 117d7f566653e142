// From a machine that runs to a machine whose engine answers.
#include "operations/provision_machine.h"

#include <fmt/core.h>

#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/foreign_authority.h"
#include "operations/power.h"
#include "provision/provision.h"

namespace dm {
namespace {

constexpr int default_port = 2376;

RemoteHost host_of(const Runtime& runtime, const OpenMachine& open) {
  const Endpoint endpoint = open.driver->endpoint();
  if (!endpoint.ssh) {
    throw Error(fmt::format(
        "Machine \"{}\" has the driver \"{}\", which gives no SSH access: its engine is looked after "
        "by somebody else",
        open.name(), open.machine.driver_name));
  }
  return RemoteHost(runtime.services.ssh, *endpoint.ssh);
}

int engine_port(const Endpoint& endpoint) {
  const auto parts = parse_docker_url(endpoint.docker_url);
  return parts && parts->port > 0 ? parts->port : default_port;
}

}  // namespace

void provision_machine(const Runtime& runtime, OpenMachine& open, Task& task) {
  require_authority_key(runtime.store, open.machine);
  RemoteHost host = host_of(runtime, open);
  const Endpoint endpoint = known_endpoint(open);
  const MachineFacts facts =
      in_context("Error detecting OS", [&] { return detect_distribution(host, task); });
  task.info(fmt::format("Provisioning with {}...", name_of(facts)));
  in_context("Error running provisioning", [&] {
    provision(host, facts,
              {.machine_name = open.name(),
               .driver_name = open.machine.driver_name,
               .engine_port = engine_port(endpoint),
               .engine = open.machine.engine,
               .certificates =
                   [&] {
                     ensure_client_certificates(runtime, open.machine.auth, task);
                     return issue_engine_certificates(runtime, open.machine, endpoint.address, task);
                   }},
              task);
  });
  if (open.machine.swarm.is_swarm) {
    task.info("Configuring swarm...");
    task.warn(
        "Classic Swarm is not set up: its image \"swarm\" cannot talk to engines of today, which refuse its "
        "API "
        "version. The settings are kept. For a cluster use the engine's own Swarm mode: docker swarm init, "
        "docker swarm join");
  }
  task.info("Checking connection to Docker...");
  in_context("Error checking the host", [&] { wait_until_engine_answers(runtime, open, task); });
  save_machine(runtime, open, task);
  runtime.store.save_notes(open.name(), {});
}

void upgrade_machine(const Runtime& runtime, const std::string& name, const std::string& version,
                     Task& task) {
  const auto lock = runtime.store.lock_machine(name, task);
  OpenMachine open = open_machine(runtime, name);
  if (open.driver->observe(task).state != State::running) {
    task.info("Starting machine so machine can be upgraded...");
    start_machine(runtime, open, task);
  }
  RemoteHost host = host_of(runtime, open);
  const MachineFacts facts =
      in_context("Error detecting OS", [&] { return detect_distribution(host, task); });
  if (!version.empty()) open.machine.engine.version = version;
  upgrade_engine(host, facts, version, engine_port(known_endpoint(open)), task);
  wait_until_engine_answers(runtime, open, task);
  save_machine(runtime, open, task);
}

void wait_for_engine(const Runtime& runtime, OpenMachine& open, Task& task) {
  RemoteHost host = host_of(runtime, open);
  const MachineFacts facts = detect_distribution(host, task);
  wait_until_engine_listens(host, facts, engine_port(known_endpoint(open)), task);
  wait_until_engine_answers(runtime, open, task);
}

}  // namespace dm
