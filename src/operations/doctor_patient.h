#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "docker/engine.h"
#include "operations/doctor.h"
#include "provision/health.h"
#include "provision/remote_host.h"

namespace dm::doctor {

struct Patient;

/// Mends something, and gives what it did, in a sentence; Error if it could not. Takes the locks it needs.
using Remedy = std::function<std::string(Patient&, Task&)>;

/// What a check has to say.
struct Result {
  CheckState state = CheckState::ok;
  std::string what, why, mend;
  Remedy remedy;  ///< none: nothing that we could do
};

/// What came of a word with the engine.
struct Contact {
  std::optional<Error> error;        ///< none: it is ours, and takes us
  std::optional<Greeting> greeting;  ///< with its time, if it said that
};

/// A machine under examination: what earlier checks have found out, for the later ones.
struct Patient {
  Patient(const Runtime& its_runtime, std::string its_name)
      : runtime(its_runtime), name(std::move(its_name)) {}

  const Runtime& runtime;
  std::string name;
  std::optional<OpenMachine> open;
  Endpoint endpoint;                 ///< where it is now, as far as it is known
  std::optional<RemoteHost> host;    ///< over SSH, if that works
  std::optional<Health> health;      ///< as told over SSH
  std::optional<Contact> contacted;  ///< see contact()
  bool clock_is_off = false;         ///< ours and its differ: dates of certificates prove nothing

  bool has_ssh() const { return health.has_value(); }
};

/// A word with the engine over TLS; asked once for each examination.
const Contact& contact(Patient& patient, Task& task);
/// The engine, as it is reached now.
EngineAccess engine_of(const Patient& patient);
/// What helps where both ways into a machine are closed, as the end of a sentence.
std::string last_resort(const Patient& patient);

// The checks; each gives what is wrong, nothing if all is well.

std::vector<Result> check_record(Patient& patient, Task& task);
std::vector<Result> check_creation(Patient& patient, Task& task);
std::vector<Result> check_key(Patient& patient, Task& task);
std::vector<Result> check_driver(Patient& patient, Task& task);
std::vector<Result> check_certificates(Patient& patient, Task& task);

std::vector<Result> check_name(Patient& patient, Task& task);
std::vector<Result> check_ssh_port(Patient& patient, Task& task);
std::vector<Result> check_ssh(Patient& patient, Task& task);
std::vector<Result> check_engine_port(Patient& patient, Task& task);
std::vector<Result> check_tls(Patient& patient, Task& task);

std::vector<Result> check_clock(Patient& patient, Task& task);
std::vector<Result> check_disk(Patient& patient, Task& task);
std::vector<Result> check_engine(Patient& patient, Task& task);

/// A result that says nothing against the machine.
inline std::vector<Result> unknown(std::string what) {
  return {{.state = CheckState::unknown, .what = std::move(what)}};
}
inline std::vector<Result> not_applicable() { return {{.state = CheckState::not_applicable}}; }
/// A result that does; `mend` is a command for what --fix cannot do.
inline Result wrong(std::string what, std::string why, std::string mend, Remedy remedy = {}) {
  return {CheckState::wrong, std::move(what), std::move(why), std::move(mend), std::move(remedy)};
}
inline const std::string by_fix = "docker-machine doctor --fix";

}  // namespace dm::doctor
