#pragma once
#include <functional>
#include <string>

#include "model/machine.h"
#include "provision/facts.h"
#include "provision/gentle_restart.h"
#include "provision/remote_host.h"

namespace dm {

/// The three files that the engine needs for TLS, PEM.
struct EngineCertificates {
  std::string authority, certificate, key;
};

/// What an engine was told before it gets other options.
struct FormerEngine {
  EngineOptions engine;
  int port = 2376;
};

/// What a machine is to become.
struct ProvisionRequest {
  std::string machine_name;
  std::string driver_name;  ///< for the label provider=DRIVER
  int engine_port = 2376;
  EngineOptions engine;
  /// Gives the certificates; called once, when there is an engine that needs them, so that making them prints
  /// its line ("Copying certs to the local machine directory...") where docker-machine prints it.
  std::function<EngineCertificates()> certificates;
  /// What the restart at the end may do. They run on only if the engine's options stay as they are.
  Containers containers = Containers::may_stop;
  /// Where there is an engine that gets other options: they are tried beforehand, containers run on where
  /// these options allow it, and if the engine does not start with them it gets its former files again.
  std::optional<FormerEngine> former = {};
};

/// Waits for SSH ("Waiting for SSH to be available..."), then finds out what runs there ("Detecting the
/// provisioner..."), all in one command; Error "OS type not recognized" if we have no distribution for it.
/// Prints these two lines to the task's log.
MachineFacts detect_distribution(RemoteHost& host, Task& task);
/// The same of a machine that is said to run: without waiting, and without a word.
MachineFacts look_at_machine(RemoteHost& host, Task& task);
/// As `create` prints it, e.g. "debian" or "ubuntu(systemd)".
const std::string& name_of(const MachineFacts& facts);

/// Makes an engine of the machine, or brings an existing one into the wanted state: hostname, packages,
/// engine, certificates, daemon options, restart. Safe to run again. Prints docker-machine's progress lines
/// to the task's log ("Installing Docker..." only where there is something to install).
void provision(RemoteHost& host, const MachineFacts& facts, const ProvisionRequest& request, Task& task);

/// Gives an engine that runs new certificates and nothing else, and restarts it, since it reads them only
/// when it starts. With Containers::run_on nothing is changed if containers would stop: Error that says why.
void renew_engine_certificates(RemoteHost& host, const MachineFacts& facts,
                               const EngineCertificates& certificates, int port, Containers containers,
                               Task& task);

/// Upgrades an engine by the packages that it came from, to a version ("24.0" is any of 24.0.x) or to the
/// newest one if that is ""; prints "Upgrading docker..." and "Restarting docker...". Error for one that no
/// package manager looks after.
void upgrade_engine(RemoteHost& host, const MachineFacts& facts, const std::string& version, int port,
                    Task& task);

/// Waits until the engine listens on the port, asked on the machine itself, for as long as a slow machine
/// takes to boot; Error "Unable to verify the Docker daemon is listening: …" with the last lines of the
/// engine's journal if it never does.
void wait_until_engine_listens(RemoteHost& host, const MachineFacts& facts, int port, Task& task);

}  // namespace dm
