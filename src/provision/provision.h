#pragma once
#include <string>
#include <vector>

#include "base/task.h"
#include "model/machine.h"
#include "ssh/ssh.h"

namespace dm {

/// The three files that the engine needs for TLS, PEM.
struct EngineCertificates {
  std::string authority, certificate, key;
};

/// What a machine is to become.
struct ProvisionRequest {
  std::string machine_name;
  std::string driver_name;  ///< for the label provider=DRIVER
  int engine_port = 2376;
  EngineOptions engine;
  EngineCertificates certificates;
};

/// What /etc/os-release says, as far as it matters.
struct OsRelease {
  std::string id, id_like, version_id, pretty_name;
};

/// Reads os-release(5); lines that are none are passed over.
OsRelease parse_os_release(const std::string& text);

/// A distribution that we know how to provision; rows of one table.
struct Distribution;

/// The distribution of the machine behind the session; Error "OS type not recognized" if we have no row for it.
const Distribution& detect_distribution(SshSession& session, Task& task);
/// As `create` prints it, e.g. "debian" or "ubuntu(systemd)".
const std::string& name_of(const Distribution& distribution);

/// Makes an engine of the machine, or brings an existing one into the wanted state: hostname, packages, engine,
/// certificates, daemon options, restart. Safe to run again. Prints docker-machine's progress lines to the task's log.
void provision(SshSession& session, const Distribution& distribution, const ProvisionRequest& request, Task& task);

/// Waits until the engine listens on the port, asked on the machine itself; Error "Unable to verify the Docker daemon
/// is listening: …" with the last lines of the engine's journal if it never does.
void wait_until_engine_listens(SshSession& session, const Distribution& distribution, int port, Task& task);

}  // namespace dm
