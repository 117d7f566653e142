#pragma once
#include "operations/runtime.h"
#include "provision/provision.h"

namespace dm {

/// Makes an engine of a machine that runs, or repairs it: certificates, daemon options, restart, and a check
/// from outside over TLS. Prints the original's lines from "Waiting for SSH" to "Checking connection".
/// Afterwards the machine is saved, and its creation counts as finished.
void provision_machine(const Runtime& runtime, OpenMachine& open, Task& task);

/// The same for a machine whose certificates are all that is to change: where live-restore works and the
/// engine's options are as they were, its containers run on. A warning where they stop.
void renew_machine(const Runtime& runtime, OpenMachine& open, Task& task);

/// Gives the engine of a machine that runs the options which `open` has, in place of its former ones, and
/// saves the machine. With an Error the engine has its former options, unless it was the last look from
/// outside that failed. With Containers::run_on nothing is changed where containers would stop, or images go
/// out of sight.
void change_engine(const Runtime& runtime, OpenMachine& open, const FormerEngine& former,
                   Containers containers, Task& task);

/// The machine as it is reached over SSH; Error if its driver gives no SSH access.
RemoteHost remote_host_of(const Runtime& runtime, const OpenMachine& open);
/// The port that an engine listens on, by its URL; 2376 if that names none.
int engine_port_of(const Endpoint& endpoint);

/// Whether its engine was adopted with the promise to leave it alone, and is reached over SSH.
bool is_over_ssh(const Runtime& runtime, const std::string& name);
/// Error if that is so.
void refuse_to_touch_over_ssh(const Runtime& runtime, const std::string& name);

/// Upgrades the machine's engine, to `version` or to the newest one if that is ""; starts the machine first
/// if it does not run. A version becomes the one that the machine is to have from now on.
void upgrade_machine(const Runtime& runtime, const std::string& name, const std::string& version, Task& task);

/// Waits after a start for SSH, for the engine's port, and until the engine answers. If the machine got
/// another address, its certificate is renewed.
void wait_for_engine(const Runtime& runtime, OpenMachine& open, Task& task);

}  // namespace dm
