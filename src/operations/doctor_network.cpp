// What can be checked from outside: names, ports, SSH and TLS.
#include <fmt/core.h>

#include <array>

#include "base/socket.h"
#include "base/strings.h"
#include "certs/authority.h"
#include "operations/connection.h"
#include "operations/doctor_remedies.h"
#include "operations/expiry.h"
#include "operations/provision_machine.h"

namespace dm::doctor {
namespace {

using std::chrono::seconds;

constexpr Milliseconds name_limit = seconds(5), port_limit = seconds(4), ssh_limit = seconds(8),
                       tls_limit = seconds(6);

bool is_silent(const Error& error) { return error.reason() == Reason::timed_out; }
bool is_refused(const Error& error) { return std::string_view(error.what()).contains("connection refused"); }

/// Why a port does not answer, as far as that can be told from here.
std::string why_closed(const Error& error) {
  if (is_silent(error)) {
    return "A firewall swallows what is sent there, on the machine, at its provider or on the way; or no "
           "machine "
           "is at that address any more";
  }
  if (is_refused(error)) return "The machine is there, and nothing listens on that port";
  return "There is no way from this computer to that address";
}

ProbeOutcome probe(const HostPort& port, Task& task) { return probe_tcp(port, task.within(port_limit)); }

bool engine_lets_us_in(Patient& patient, Task& task) {
  return !patient.endpoint.docker_url.empty() && !contact(patient, task).error;
}

/// A result about SSH, which is mended through the engine if that can be.
Result ssh_trouble(Patient& patient, std::string what, std::string why, Remedy remedy, Task& task) {
  if (engine_lets_us_in(patient, task)) {
    return wrong(std::move(what), std::move(why), by_fix + " mends it through the engine", std::move(remedy));
  }
  return wrong(std::move(what), std::move(why),
               "The engine cannot be talked to either, so that nothing can be mended from here: " +
                   last_resort(patient));
}

Result failed_login(Patient& patient, const Error& error, Task& task) {
  switch (error.reason()) {
    case Reason::host_key_changed:
      return ssh_trouble(
          patient, error.what(),
          "The machine was rebuilt or got new host keys, or somebody else answers in its place. The "
          "engine, which its certificate proves, can tell which of the two it is",
          prove_host_key, task);
    case Reason::authentication_failed:
      return ssh_trouble(
          patient, error.what(),
          "The key is not in the user's authorized_keys any more, the rights to these files are too "
          "wide, or the user is locked",
          reopen_ssh, task);
    case Reason::timed_out:
      return ssh_trouble(patient,
                         fmt::format("The SSH server takes connections and says nothing: {}", error.what()),
                         "It hangs, or the machine has no memory or no disk left", reopen_ssh, task);
    case Reason::unreachable:
      return ssh_trouble(patient, error.what(),
                         "It is no SSH server, or one that is broken or overloaded and hangs up", reopen_ssh,
                         task);
    default:
      return wrong(error.what(), "The key cannot be used", "Give it the right key file");
  }
}

/// An engine whose certificate we do not take. What its file says is known if SSH works.
Result strange_certificate(const Patient& patient, const Error& error) {
  std::string what = fmt::format("The engine's certificate is not to be trusted: {}", error.what());
  std::string why =
      "Another authority signed it: the engine was set up by somebody else, or somebody else answers";
  if (patient.has_ssh() && !patient.health->server_certificate.empty()) {
    try {
      const Certificate shown = read_certificate(patient.health->server_certificate);
      what += fmt::format(". The one on the machine is by \"{}\" for {}, from {} to {}",
                          shown.issuer_organization, join(shown.names, ", "), date_text(shown.not_before),
                          date_text(shown.not_after));
    } catch (const Error& unreadable) {
      what += fmt::format(". The one on the machine cannot be read: {}", unreadable.what());
    }
  }
  if (names_another_address(error)) why = "The machine has another address than when it was made";
  if (std::string_view(error.what()).contains("expired"))
    why = "It has ended, or one of the two clocks is wrong";
  return wrong(std::move(what), std::move(why), by_fix, renew_server);
}

Result tls_trouble(const Patient& patient, const Error& error) {
  const std::string_view text = error.what();
  if (text.contains("x509:")) return strange_certificate(patient, error);
  if (text.contains("remote error: tls")) {
    return wrong(fmt::format("The engine refuses our client certificate: {}", text),
                 "It trusts another authority than the one that signed it, or takes it for expired", by_fix,
                 renew_server);
  }
  if (text.contains("HTTP response to HTTPS client")) {
    return wrong("The engine talks plain HTTP, without TLS: everybody who reaches it is root on the machine",
                 "Its options were changed", "docker-machine provision " + patient.name, provision_again);
  }
  if (is_silent(error)) {
    return wrong(
        fmt::format("The engine takes connections and does not answer: {}", text),
        "It hangs, or is busy with a disk that is full or slow",
        fmt::format("{}, if no running container would stop; else docker-machine ssh {} sudo systemctl "
                    "restart docker",
                    by_fix, patient.name),
        restart_engine_gently);
  }
  if (error.reason() == Reason::unreachable) {
    return wrong(fmt::format("The engine hangs up: {}", text), "It is being restarted, or no engine at all",
                 "docker-machine provision " + patient.name, restart_engine_gently);
  }
  return wrong(std::string(text), "The files of the connection cannot be used",
               "docker-machine certs " + patient.name + " tells what is wrong with them");
}

}  // namespace

const Contact& contact(Patient& patient, Task& task) {
  if (!patient.contacted) {
    Contact made;
    try {
      made.greeting = greet(patient.runtime.services.http, engine_of(patient), tls_limit, task);
    } catch (const Error& error) {
      made.error = error;
    }
    patient.contacted = std::move(made);
  }
  return *patient.contacted;
}

EngineAccess engine_of(const Patient& patient) {
  return {.url = patient.endpoint.docker_url, .tls = tls_files(patient.open->machine)};
}

std::string last_resort(const Patient& patient) {
  struct Row {
    std::string_view driver, means;
  };
  constexpr std::array rows{
      Row{"amazonec2", "the EC2 serial console or Session Manager of the AWS console lets you in"},
      Row{"digitalocean", "the droplet's Recovery Console lets you in"},
  };
  const std::string& driver = patient.open->machine.driver_name;
  std::string means = "its own console, screen and keyboard let you in";
  for (const auto& row : rows) {
    if (row.driver == driver) means = row.means;
  }
  if (!patient.open->type->traits().started) return means;
  return fmt::format("docker-machine restart {} starts it anew, and {}", patient.name, means);
}

std::vector<Result> check_name(Patient& patient, Task& task) {
  const auto parts = parse_docker_url(patient.endpoint.docker_url);
  const std::string host = parts ? parts->host : patient.endpoint.address;
  if (host.empty()) return unknown("where it is is not known, for it does not run");
  try {
    resolve(host, task.within(name_limit));
    return {};
  } catch (const Error& error) {
    return {wrong(
        fmt::format("The name {} leads to no address: {}", host, error.what()),
        "The name was removed or misspelt, or the name server of this computer does not answer",
        "Correct the name's record in DNS, a line in /etc/hosts, or the name server in /etc/resolv.conf")};
  }
}

std::vector<Result> check_ssh_port(Patient& patient, Task& task) {
  if (!patient.endpoint.ssh) return not_applicable();
  const SshTarget& target = *patient.endpoint.ssh;
  const auto failure = probe({target.host, target.port}, task);
  if (!failure) return {};
  return {ssh_trouble(patient, fmt::format("The SSH port does not answer: {}", failure->what()),
                      why_closed(*failure), reopen_ssh, task)};
}

std::vector<Result> check_ssh(Patient& patient, Task& task) {
  RemoteHost host(patient.runtime.services.ssh, *patient.endpoint.ssh);
  Task limited = task.within(ssh_limit);
  try {
    host.run({.line = "exit 0", .limit = ssh_limit}, limited);
  } catch (const Error& error) {
    // The login came to its end, and what it leads to does not.
    if (std::string_view(error.what()).contains("did not end within")) {
      return {wrong(fmt::format("The login works, but its shell does not answer: {}", error.what()),
                    "A start file of the shell (~/.bashrc, ~/.profile) waits for something, or a disk hangs",
                    fmt::format("Look at these files: docker-machine scp, or {}", last_resort(patient)))};
    }
    return {failed_login(patient, error, task)};
  }
  try {
    patient.health = parse_health(host.run(health_command(engine_port_of(patient.endpoint)), task).output);
    patient.host.emplace(std::move(host));
    return {};
  } catch (const Error& error) {
    return {wrong(error.what(), "The user's shell is none that can run scripts, or a disk hangs",
                  "Give the user on the machine a POSIX shell")};
  }
}

std::vector<Result> check_engine_port(Patient& patient, Task& task) {
  if (is_over_ssh(patient.runtime, patient.name)) return not_applicable();
  const auto parts = parse_docker_url(patient.endpoint.docker_url);
  if (!parts || parts->port <= 0) return unknown("its engine's URL is not known");
  const auto failure = probe({parts->host, parts->port}, task);
  if (!failure) return {};
  const std::string what = fmt::format("The engine's port does not answer: {}", failure->what());
  if (!patient.has_ssh()) return {wrong(what, why_closed(*failure), last_resort(patient))};
  if (!patient.health->engine_listens) {
    return {wrong(
        what,
        fmt::format("The engine runs, and does not listen on port {}: its options were changed", parts->port),
        "docker-machine provision " + patient.name, provision_again)};
  }
  return {wrong(
      what, "The engine listens there: a firewall on the machine, at its provider or on the way is closed",
      fmt::format("{}, if it is the machine's own firewall; else open TCP port {} at the provider", by_fix,
                  parts->port),
      open_engine_port)};
}

std::vector<Result> check_tls(Patient& patient, Task& task) {
  const auto& error = contact(patient, task).error;
  if (!error) return {};
  Result result = tls_trouble(patient, *error);
  if (patient.clock_is_off && error->reason() == Reason::authentication_failed) {
    result.why = "One of the clocks is wrong, so that certificates seem expired or not yet valid";
    result.mend = "See \"clock\"";
    result.remedy = {};
  } else if (result.remedy && !patient.has_ssh()) {
    result.mend = "SSH is the way to mend that, and it is broken as well: " + last_resort(patient);
    result.remedy = {};
  }
  return {result};
}

}  // namespace dm::doctor
