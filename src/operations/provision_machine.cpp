// From a machine that runs to a machine whose engine answers.
#include "operations/provision_machine.h"

#include <fmt/core.h>

#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/contexts.h"
#include "operations/foreign_authority.h"
#include "operations/power.h"
#include "provision/engine_change.h"
#include "provision/provision.h"

namespace dm {
namespace {

constexpr int default_port = 2376;
}  // namespace

RemoteHost remote_host_of(const Runtime& runtime, const OpenMachine& open) {
  const Endpoint endpoint = open.driver->endpoint();
  if (!endpoint.ssh) {
    throw Error(fmt::format(
        "Machine \"{}\" has the driver \"{}\", which gives no SSH access: its engine is looked after "
        "by somebody else",
        open.name(), open.machine.driver_name));
  }
  return RemoteHost(runtime.services.ssh, *endpoint.ssh);
}

int engine_port_of(const Endpoint& endpoint) {
  const auto parts = parse_docker_url(endpoint.docker_url);
  return parts && parts->port > 0 ? parts->port : default_port;
}

bool is_over_ssh(const Runtime& runtime, const std::string& name) {
  try {
    return runtime.store.notes(name).over_ssh;
  } catch (const Error&) {
    return false;  // `ls` tells what is wrong with them.
  }
}

void refuse_to_touch_over_ssh(const Runtime& runtime, const std::string& name) {
  if (!is_over_ssh(runtime, name)) return;
  throw Error(fmt::format(
      "The engine of machine \"{0}\" is reached over SSH and left alone otherwise (adopt --transport "
      "ssh). To have it changed, forget the machine and adopt it anew without that",
      name));
}

namespace {

/// What is noted of the machine; nothing if that cannot be read, since it is about to be written anew.
Notes notes_of(const Runtime& runtime, const OpenMachine& open, const Task& task) {
  try {
    return runtime.store.notes(open.name());
  } catch (const Error& error) {
    task.debug(error.what());
    return {};
  }
}

/// Notes the version of the engine that the user wants, before it goes from config.json.
void note_version(const Runtime& runtime, OpenMachine& open, const std::string& version, const Task& task) {
  Notes notes = notes_of(runtime, open, task);
  if (notes.engine_version != version) {
    notes.engine_version = version;
    runtime.store.save_notes(open.name(), notes);
  }
  open.machine.engine.version.clear();
}

/// The version of the engine that the user wants on this machine, from now on in its notes.
std::string wanted_version(const Runtime& runtime, OpenMachine& open, const Task& task) {
  const std::string noted = notes_of(runtime, open, task).engine_version;
  const std::string version = noted.empty() ? open.machine.engine.version : noted;
  note_version(runtime, open, version, task);
  return version;
}

/// How careful the provisioning has to be.
struct Care {
  Containers containers = Containers::may_stop;
  std::optional<FormerEngine> former = {};
};

void bring_up(const Runtime& runtime, OpenMachine& open, const Care& care, Task& task) {
  refuse_to_touch_over_ssh(runtime, open.name());
  require_authority_key(runtime.store, open.machine);
  RemoteHost host = remote_host_of(runtime, open);
  const Endpoint endpoint = known_endpoint(open);
  const MachineFacts facts =
      in_context("Error detecting OS", [&] { return detect_distribution(host, task); });
  task.info(fmt::format("Provisioning with {}...", name_of(facts)));
  EngineOptions engine = open.machine.engine;
  engine.version = wanted_version(runtime, open, task);
  Notes notes = notes_of(runtime, open, task);
  EngineCertificates made;
  in_context("Error running provisioning", [&] {
    const auto work = notes.own_configuration ? adapt_engine : provision;
    work(host, facts,
         {.machine_name = open.name(),
          .driver_name = open.machine.driver_name,
          .engine_port = engine_port_of(endpoint),
          .engine = engine,
          .certificates =
              [&] {
                ensure_client_certificates(runtime, open.machine.auth, task);
                task.info("Copying certs to the local machine directory...");
                made = make_engine_certificates(runtime, open.machine, endpoint.address, task);
                return made;
              },
          .containers = care.containers,
          .former = care.former},
         task);
  });
  keep_engine_certificates(open.machine, made);
  refresh_copies(runtime, open.machine);
  save_machine(runtime, open, task);
  if (open.machine.swarm.is_swarm) {
    task.info("Configuring swarm...");
    task.warn(
        "Classic Swarm is not set up: its image \"swarm\" cannot talk to engines of today, which refuse its "
        "API "
        "version. The settings are kept. For a cluster use the engine's own Swarm mode: docker swarm init, "
        "docker swarm join");
  }
  task.info("Checking connection to Docker...");
  in_context("Error checking the host",
             [&] { wait_until_engine_answers(runtime, open, OtherName::is_reported, task); });
  save_machine(runtime, open, task);
  notes.unfinished = false;
  notes.failure.clear();
  notes.engine_version = engine.version;
  runtime.store.save_notes(open.name(), notes);
  introduce(runtime, open, task);
}

}  // namespace

void provision_machine(const Runtime& runtime, OpenMachine& open, Task& task) {
  bring_up(runtime, open, {}, task);
}

void renew_machine(const Runtime& runtime, OpenMachine& open, Task& task) {
  bring_up(runtime, open, {Containers::run_on_if_they_can}, task);
}

void change_engine(const Runtime& runtime, OpenMachine& open, const FormerEngine& former,
                   Containers containers, Task& task) {
  bring_up(runtime, open, {containers, former}, task);
}

void upgrade_machine(const Runtime& runtime, const std::string& name, const std::string& version,
                     Task& task) {
  const auto lock = runtime.store.lock_machine(name, task);
  refuse_to_touch_over_ssh(runtime, name);
  OpenMachine open = open_machine(runtime, name);
  if (open.driver->observe(task).state != State::running) {
    task.info("Starting machine so machine can be upgraded...");
    start_machine(runtime, open, task);
  }
  RemoteHost host = remote_host_of(runtime, open);
  const MachineFacts facts =
      in_context("Error detecting OS", [&] { return detect_distribution(host, task); });
  upgrade_engine(host, facts, version, engine_port_of(known_endpoint(open)), task);
  wait_until_engine_answers(runtime, open, OtherName::is_reported, task);
  if (!version.empty()) note_version(runtime, open, version, task);
  save_machine(runtime, open, task);
}

void wait_for_engine(const Runtime& runtime, OpenMachine& open, Task& task) {
  RemoteHost host = remote_host_of(runtime, open);
  const MachineFacts facts = detect_distribution(host, task);
  if (is_over_ssh(runtime, open.name())) return refresh_access(runtime, open, task);
  wait_until_engine_listens(host, facts, engine_port_of(known_endpoint(open)), task);
  wait_until_engine_answers(runtime, open, OtherName::is_mended_under_lock, task);
  refresh_access(runtime, open, task);
}

}  // namespace dm
