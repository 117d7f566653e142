// From a bare Linux to a Docker host.
#include "provision/provision.h"

#include <fmt/core.h>

#include <utility>

#include "provision/steps.h"

namespace dm {

void check_rights(const MachineFacts& facts) {
  if (facts.privilege == Privilege::refused) {
    throw Error(
        fmt::format("The user \"{}\" on the machine needs sudo without a password, and sudo said: \"{}\". "
                    "Give it a NOPASSWD rule, or log in as root",
                    facts.user, facts.sudo_answer));
  }
  if (facts.privilege == Privilege::none) {
    throw Error(
        fmt::format("The user \"{}\" is not root, and there is no sudo on the machine. Install it with a "
                    "NOPASSWD rule for this user, or log in as root",
                    facts.user));
  }
}

void check_service_manager(const MachineFacts& facts) {
  const auto& wanted = facts.distribution->services->name;
  if (facts.service_manager != wanted) {
    throw Error(fmt::format("{} does not run on the machine, which is needed to start its engine", wanted));
  }
}

namespace {

MachineFacts facts_in(const std::string& output) {
  auto facts = parse_facts(output);
  facts.distribution = find_distribution(facts.os_release);
  if (facts.distribution == nullptr) throw Error("OS type not recognized");
  return facts;
}

}  // namespace

MachineFacts detect_distribution(RemoteHost& host, Task& task) {
  task.info("Waiting for SSH to be available...");
  const auto result = host.wait_until_reachable(task, facts_command());
  task.info("Detecting the provisioner...");
  return facts_in(result.output);
}

MachineFacts look_at_machine(RemoteHost& host, Task& task) {
  return facts_in(host.ask(facts_command(), task).output);
}

const std::string& name_of(const MachineFacts& facts) { return facts.distribution->name; }

void provision(RemoteHost& host, const MachineFacts& facts, const ProvisionRequest& request, Task& task) {
  check_rights(facts);
  check_service_manager(facts);
  Provisioning work{host, facts, *facts.distribution, request, task, {}};
  for (const auto& step : facts.distribution->steps) {
    task.debug(fmt::format("step: {}", step.name));
    step.run(work);
  }
  work.send();
}

void renew_engine_certificates(RemoteHost& host, const MachineFacts& facts,
                               const EngineCertificates& certificates, int port, Containers containers,
                               Task& task) {
  check_rights(facts);
  check_service_manager(facts);
  if (!facts.engine_there()) {
    throw Error("there is no engine on the machine that runs as the service \"docker\"");
  }
  Script script;
  auto [before, after] = gentle_restart(facts, containers);
  script.add(std::move(before));
  ScriptPart copying = certificates_part(facts.distribution->paths.certificates, certificates);
  copying.code += "replace_staged\n";
  script.add(std::move(copying));
  for (auto& part : restart_parts(*facts.distribution->services, port)) script.add(std::move(part));
  script.add(std::move(after));
  run_script(host, script, facts.privilege, task);
}

void upgrade_engine(RemoteHost& host, const MachineFacts& facts, const std::string& version, int port,
                    Task& task) {
  check_rights(facts);
  check_service_manager(facts);
  Script script;
  script.add(upgrade_part(facts, version));
  task.info("Upgrading docker...");
  run_script(host, script, facts.privilege, task);
  task.info("Restarting docker...");
  Script restart;
  for (auto& part : restart_parts(*facts.distribution->services, port)) restart.add(std::move(part));
  run_script(host, restart, facts.privilege, task);
}

void wait_until_engine_listens(RemoteHost& host, const MachineFacts& facts, int port, Task& task) {
  // Right after a boot the engine may have its turn late.
  constexpr auto limit = std::chrono::minutes(3);
  Script script;
  script.add(listening_part(*facts.distribution->services, port, limit));
  run_script(host, script, facts.privilege, task);
}

}  // namespace dm
