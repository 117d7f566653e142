#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/machine.h"
#include "provision/facts.h"
#include "provision/remote_host.h"

namespace dm {

/// How an engine that runs is started and configured, and what runs on it.
struct EngineConfiguration {
  std::string hostname;
  std::vector<std::string> command;     ///< of its process, word by word, the program first; empty: none runs
  std::string unit;                     ///< its systemd unit and all drop-ins, as `systemctl cat` prints them
  std::string engine_file;              ///< the content of /etc/docker/daemon.json; "" if there is none
  std::vector<std::string> containers;  ///< names of those that run
};

/// Where the engine's clients reach it over TCP, and what they have to show.
struct EngineDoor {
  std::vector<std::string> addresses;  ///< all that it listens on, as it was told them
  std::optional<int> port;             ///< of the first TCP address that is not this host's own alone
  bool asks_for_certificates = false;
  std::string authority, certificate, key;  ///< paths on the machine
};

/// Finds this out on a machine whose service manager is systemd, in one command that changes nothing.
EngineConfiguration look_at_engine(RemoteHost& host, const MachineFacts& facts, Task& task);
/// Reads what that command prints; Error if it is nothing of the kind.
EngineConfiguration parse_configuration(const std::string& output, const MachineFacts& facts);

/// Out of its command line and its file.
EngineDoor door_of(const EngineConfiguration& configuration);

/// The command that systemd starts the engine with, as it stands in the unit: its variables are not replaced.
std::string start_command(const std::string& unit);

/// What docker-machine once told the engine in its drop-in; nothing if somebody else has configured it.
std::optional<EngineOptions> options_by_docker_machine(const EngineConfiguration& configuration,
                                                       const std::string& usual_storage_driver);

/// The values that an option has on a command line, under any of its names; "" for one without a value.
std::vector<std::string> values_of(const std::vector<std::string>& command,
                                   const std::vector<std::string>& names);

}  // namespace dm
