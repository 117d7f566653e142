#pragma once
#include <string>

#include "provision/facts.h"
#include "provision/remote_host.h"

namespace dm {

// What mends a machine, each a script that may be sent over SSH or through the engine. What it changes it
// says as lines on the task's log; what it cannot mend is an Error.

/// How somebody is to be let in over SSH again.
struct SshRepair {
  std::string user;
  int port = 22;
  std::string public_key;  ///< line for authorized_keys; "" if it is not known
};
/// Lets us in again: sshd's configuration (lines that it refuses become comments), host keys, the user's
/// account, authorized_keys and the rights to it, the service, and the host's own firewall.
void repair_ssh(RemoteHost& host, const SshRepair& repair, Privilege privilege, Task& task);

/// Opens a TCP port in the host's own firewall.
void open_port(RemoteHost& host, int port, Privilege privilege, Task& task);

/// Frees what can be had again: package caches, old lines of the journal, images without a name that no
/// container uses, build cache. Says what each gave, and what else is large if that was not enough.
void free_disk(RemoteHost& host, Privilege privilege, Task& task);

/// Sets the machine's clock, and lets it follow a time server if it has the programs for that.
void set_clock(RemoteHost& host, std::chrono::system_clock::time_point time, Privilege privilege, Task& task);

/// Has the engine started at each boot.
void enable_engine(RemoteHost& host, const MachineFacts& facts, Task& task);

/// Starts an engine that does not run. If it refuses its daemon.json, and that does not say where its data
/// is, the file is set aside; it is put back if the engine does not start without it.
void start_engine(RemoteHost& host, const MachineFacts& facts, int port, Task& task);

/// Restarts an engine that runs and does not answer. Error, and nothing is changed, if running containers
/// would stop.
void restart_hanging_engine(RemoteHost& host, const MachineFacts& facts, int port, Task& task);

/// The public SSH host keys of the machine, a line "TYPE BASE64" each, by its own files.
std::string read_host_keys(RemoteHost& host, Privilege privilege, Task& task);

}  // namespace dm
