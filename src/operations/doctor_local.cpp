// What can be checked on this computer and at the machine's provider.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "certs/authority.h"
#include "operations/certificate_report.h"
#include "operations/certificates.h"
#include "operations/doctor_remedies.h"
#include "operations/expiry.h"

namespace dm::doctor {
namespace {

constexpr auto driver_limit = std::chrono::seconds(20);

/// The flags and variables that give a driver its credentials.
std::string credentials_of(Patient& patient, Task& task) {
  DriverType& type = *patient.open->type;
  std::vector<std::string> names;
  const auto secrets = type.secret_keys();
  for (const auto& flag : type.flags(patient.runtime.services, task)) {
    const bool is_secret = std::ranges::any_of(secrets, [&](const SecretKey& secret) {
      return !flag.variable.empty() && secret.variable == flag.variable;
    });
    if (is_secret) names.push_back(fmt::format("--{} (or the variable {})", flag.name, flag.variable));
  }
  return join(names, ", ");
}

Result refused_credentials(Patient& patient, const Error& error, Task& task) {
  const std::string flags = credentials_of(patient, task);
  return wrong(
      fmt::format("The provider refuses the credentials: {}", error.what()),
      "They were withdrawn, have ended, or are those of another account. Until that is mended the machine "
      "cannot be "
      "started, stopped or removed, and nobody can be asked where it is",
      flags.empty()
          ? fmt::format("Give the right ones with docker-machine modify {}, or where the provider's own "
                        "tools have theirs",
                        patient.name)
          : fmt::format("docker-machine modify {} with {}", patient.name, flags));
}

Result other_address(const Patient& patient, const Endpoint& before) {
  return wrong(fmt::format("It is at {} now, and its record says {}", patient.endpoint.address,
                           before.address.empty() ? "nothing" : before.address),
               "A machine that was stopped may come back with another address", by_fix, record_address);
}

Result lost_key(const Patient& patient, const std::string& file) {
  const bool is_its_own = file.starts_with(patient.runtime.store.machine_folder(patient.name) + "/");
  std::string mend = "Bring it back from a backup, or ";
  mend += is_its_own ? by_fix + " makes a new one, which goes to the machine through its engine"
                     : fmt::format("name another one that the machine lets in: docker-machine modify {}",
                                   patient.name);
  return wrong(fmt::format("The SSH key {} is not there", file), "The file was removed or not copied along",
               std::move(mend), is_its_own ? replace_key : Remedy());
}

/// What helps against a problem with one of the certificates.
Remedy remedy_for(const CertificateRow& row, const Patient& patient) {
  const AuthOptions& auth = patient.open->machine.auth;
  const AuthOptions shared = patient.runtime.store.default_auth("");
  if (row.kind == "ca") return auth.ca_cert_path == shared.ca_cert_path ? renew_authority : Remedy();
  if (row.kind == "client") return has_shared_client_certificate(auth) ? renew_client : Remedy();
  if (row.kind == "server") return patient.has_ssh() ? renew_server : Remedy();
  return renew_copies;
}

std::string command_for(const CertificateRow& row, const std::string& name) {
  if (row.kind == "ca") return "docker-machine regenerate-certs --ca";
  if (row.kind == "client") return "docker-machine regenerate-certs --client-certs " + name;
  return "docker-machine regenerate-certs " + name;
}

std::string reason_of(const CertificateRow& row) {
  if (!row.readable) return "Without it the engine cannot be talked to";
  if (row.kind == "ca") return "All certificates are void with the authority that signed them";
  if (row.kind == "client") return "Engines take no client whose certificate is not right";
  if (row.kind == "server") return "Clients talk to no engine whose certificate is not right";
  return "The docker client is pointed to that copy by docker-machine env";
}

/// A problem with the rights to a file, and that file; "" if it is another problem.
std::string open_file_in(const std::string& problem) {
  constexpr std::string_view start = "others than its owner may use the key ";
  if (!problem.starts_with(start)) return {};
  const std::string rest = problem.substr(start.size());
  return rest.substr(0, rest.find(" (mode "));
}

Result certificate_result(const CertificateRow& row, const std::string& problem, const Patient& patient) {
  const std::string what = fmt::format("The certificate {} ({}) {}", row.file, row.kind, problem);
  if (const std::string file = open_file_in(problem); !file.empty()) {
    return wrong(fmt::format("Others than its owner may read {}", file),
                 "Who has it can talk to the engine, which is like being root there", by_fix,
                 protect_file(file));
  }
  Remedy remedy = remedy_for(row, patient);
  const bool ours = static_cast<bool>(remedy);
  return wrong(what, reason_of(row), ours ? by_fix : command_for(row, patient.name), std::move(remedy));
}

}  // namespace

std::vector<Result> check_record(Patient& patient, Task&) {
  try {
    patient.open = open_machine(patient.runtime, patient.name);
  } catch (const Error& error) {
    return {wrong(
        error.what(), "Its config.json was damaged, or made by another program",
        fmt::format("Bring it back with docker-machine restore or import; or docker-machine rm -f {} and "
                    "then docker-machine adopt, which leaves the host as it is",
                    patient.name))};
  }
  patient.endpoint = patient.open->driver->endpoint();
  return {};
}

std::vector<Result> check_creation(Patient& patient, Task&) {
  const Notes notes = patient.runtime.store.notes(patient.name);
  if (notes.unfinished && !patient.runtime.store.is_locked(patient.name)) {
    return {wrong("Its creation has not come to its end" +
                      (notes.failure.empty() ? "" : fmt::format(" ({})", notes.failure)),
                  "It was interrupted, or something failed",
                  fmt::format("docker-machine provision {0}, or docker-machine rm {0}", patient.name))};
  }
  return {};
}

std::vector<Result> check_key(Patient& patient, Task&) {
  if (!patient.endpoint.ssh || patient.endpoint.ssh->key_file.empty()) return not_applicable();
  const std::string& file = patient.endpoint.ssh->key_file;
  if (!is_there(file)) return {lost_key(patient, file)};
  std::error_code ignored;
  const auto mode = static_cast<unsigned>(fs::status(file, ignored).permissions()) & 0777U;
  if ((mode & 0077U) == 0) return {};
  return {wrong(fmt::format("Others than its owner may read the SSH key {} (mode {:04o})", file, mode),
                "OpenSSH refuses to use it, and whoever reads it can log in", by_fix, protect_file(file))};
}

std::vector<Result> check_driver(Patient& patient, Task& task) {
  OpenMachine& open = *patient.open;
  if (!open.type->traits().started) return not_applicable();  // whose state is only what the network says
  const Endpoint before = patient.endpoint;
  Observation now;
  try {
    Task limited = task.within(driver_limit);
    now = open.driver->observe(limited);
  } catch (const Error& error) {
    if (error.reason() == Reason::authentication_failed) return {refused_credentials(patient, error, task)};
    return {wrong(fmt::format("Its driver {} cannot be asked: {}", open.machine.driver_name, error.what()),
                  "The provider does not answer, or does not know the machine any more",
                  fmt::format("If it is gone for good: docker-machine rm {}", patient.name))};
  }
  if (now.state != State::running) {
    patient.endpoint = {};
    return unknown(fmt::format("It is {} at its driver: docker-machine start {} starts it",
                               now.state == State::none ? "in an unknown state" : text(now.state),
                               patient.name));
  }
  patient.endpoint = now.endpoint;
  if (now.endpoint.address != before.address) return {other_address(patient, before)};
  return {};
}

std::vector<Result> check_certificates(Patient& patient, Task&) {
  if (patient.clock_is_off) return unknown("the dates of certificates cannot be judged while clocks differ");
  std::vector<Result> results;
  for (const auto& row : certificate_report(patient.runtime, {patient.name}, Wanted::what_is_used)) {
    for (const auto& problem : row.problems) results.push_back(certificate_result(row, problem, patient));
  }
  return results;
}

}  // namespace dm::doctor
