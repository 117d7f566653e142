// Is the engine there, is it the right one, and under which address?
#include "operations/connection.h"

#include <fmt/core.h>

#include <string_view>

#include "base/strings.h"
#include "operations/contexts.h"
#include "operations/renewal.h"

namespace dm {
namespace {

constexpr auto connection_limit = std::chrono::seconds(20);
constexpr auto answer_limit = std::chrono::seconds(90);

void check(const Runtime& runtime, const OpenMachine& open, const std::string& url, Task& task) {
  Task limited = task.within(connection_limit);
  check_connection(runtime.services.http, {.url = url, .tls = tls_files(open.machine)}, limited);
}

std::optional<Error> failure_at(const Runtime& runtime, const OpenMachine& open, const std::string& url,
                                Task& task) {
  try {
    check(runtime, open, url, task);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

/// Whether the other side was there and hung up on us, as an engine does that is being restarted: once is no
/// verdict.
bool hung_up(const Error& error) {
  const std::string_view text = error.what();
  return text.ends_with("EOF") || text.ends_with("connection reset by peer");
}

Error certificate_error(const std::string& url, const Error& cause) {
  const auto parts = parse_docker_url(url);
  return Error(
      fmt::format(
          "Error checking and/or regenerating the certs: There was an error validating certificates for "
          "host \"{}\": {}\n"
          "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n"
          "Be advised that this will trigger a Docker daemon restart which might stop running "
          "containers.\n",
          parts ? host_port(parts->host, parts->port) : url, cause.what()),
      cause.reason());
}

/// A new address that cannot be written down works all the same.
void remember(const Runtime& runtime, OpenMachine& open, Task& task) {
  try {
    open.machine.driver = open.driver->record();
    runtime.store.save_if_unchanged(open.machine, task);
    refresh_access(runtime, open, task);
  } catch (const Error& error) {
    task.debug(error.what());
  }
}

/// What became of a test of the known address, and of one of the address that the driver knew.
struct Found {
  std::string url;               ///< where the machine is now
  std::optional<Error> failure;  ///< why its engine is not to be talked to there
};

Found find_engine(const Runtime& runtime, OpenMachine& open, Task& task) {
  const std::string known = open.driver->endpoint().docker_url;
  std::optional<Error> failure;
  if (!known.empty()) {
    failure = failure_at(runtime, open, known, task);
    if (!failure) return {known, {}};
  }
  // What we know does not work: has the machine got another address, or does it not run at all?
  std::string current;
  try {
    current = open.driver->observe(task).endpoint.docker_url;
  } catch (const Error&) {
    if (failure) return {known, failure};
    throw;
  }
  remember(runtime, open, task);
  if (current.empty()) throw Error("Host is not running");
  if (current != known && !known.empty()) {
    task.debug(fmt::format("{} is at {} now, and was at {}", open.name(), current, known));
  }
  if (current == known && !hung_up(*failure)) return {known, failure};
  return {current, failure_at(runtime, open, current, task)};
}

/// Gives the engine a certificate for the address where it is now, and its containers run on.
std::string mended_url(const Runtime& runtime, OpenMachine& open, const Found& found, Task& task) {
  try {
    renew_server_certificate(runtime, open, Containers::run_on, task);
  } catch (const Error& error) {
    throw Error(
        fmt::format("{} is at {} now, and its certificate does not name that address ({}). It was not "
                    "renewed: {}. This renews it: docker-machine regenerate-certs {}",
                    go_quote(open.name()), found.url, found.failure->what(), error.what(), open.name()),
        error.reason());
  }
  wait_until_engine_answers(runtime, open, OtherName::is_reported, task);
  return open.driver->endpoint().docker_url;
}

std::string engine_url(const Runtime& runtime, OpenMachine& open, OtherName other_name, Task& task) {
  Found found = find_engine(runtime, open, task);
  if (!found.failure) return found.url;
  const bool mend = other_name != OtherName::is_reported && names_another_address(*found.failure) &&
                    open.driver->endpoint().ssh.has_value();
  if (!mend) throw certificate_error(found.url, *found.failure);
  if (other_name == OtherName::is_mended_under_lock) return mended_url(runtime, open, found, task);
  // Somebody else may have mended it while we waited for the lock.
  const auto lock = runtime.store.lock_machine(open.name(), task);
  open = open_machine(runtime, open.name());
  found = find_engine(runtime, open, task);
  if (!found.failure) return found.url;
  if (!names_another_address(*found.failure)) throw certificate_error(found.url, *found.failure);
  return mended_url(runtime, open, found, task);
}

std::string swarm_url(const OpenMachine& open) {
  if (!open.machine.swarm.master) {
    throw Error(
        fmt::format("{} is not a swarm master. The --swarm flag is intended for use with swarm masters",
                    go_quote(open.name())));
  }
  const auto engine = parse_docker_url(known_endpoint(open).docker_url);
  const auto swarm = parse_docker_url(open.machine.swarm.host);
  if (!engine || !swarm || swarm->port == 0) {
    throw Error(
        fmt::format("the swarm host \"{}\" of \"{}\" has no port", open.machine.swarm.host, open.name()));
  }
  return "tcp://" + host_port(engine->host, swarm->port);
}

}  // namespace

bool names_another_address(const Error& error) {
  const std::string_view text = error.what();
  return text.contains("x509: certificate is valid for ") ||
         text.contains("x509: cannot validate certificate for ") ||
         text.contains("x509: certificate is not valid for any names");
}

std::string connected_url(const Runtime& runtime, OpenMachine& open, Target target, OtherName other_name,
                          Task& task) {
  if (target == Target::engine) return engine_url(runtime, open, other_name, task);
  const std::string url = swarm_url(open);
  try {
    check(runtime, open, url, task);
  } catch (const Error&) {
    engine_url(runtime, open, other_name, task);
    throw Error("Connection to Swarm cannot be checked but the certs are valid. Maybe swarm is not started");
  }
  return url;
}

Endpoint current_endpoint(const Runtime& runtime, OpenMachine& open, Task& task) {
  if (open.driver->endpoint().docker_url.empty()) {
    open.driver->observe(task);
    remember(runtime, open, task);
  }
  return known_endpoint(open);
}

void wait_until_engine_answers(const Runtime& runtime, OpenMachine& open, OtherName other_name, Task& task) {
  const Task limited = task.within(answer_limit);
  for (Backoff backoff(Milliseconds(200), std::chrono::seconds(3));;) {
    try {
      connected_url(runtime, open, Target::engine, other_name, task);
      return;
    } catch (const Error& error) {
      const bool may_come = error.reason() == Reason::unreachable || error.reason() == Reason::timed_out;
      if (!may_come || limited.left().count() == 0) throw;
    }
    task.progress("Waiting for the engine to answer...");
    backoff.pause(task);
  }
}

EngineVersion version_of_engine(const Runtime& runtime, const OpenMachine& open, Task& task) {
  Task limited = task.within(connection_limit);
  return in_context("Unable to query docker version", [&] {
    const EngineAccess engine{.url = known_endpoint(open).docker_url, .tls = tls_files(open.machine)};
    return engine_version(runtime.services.http, engine, limited);
  });
}

}  // namespace dm
