#pragma once
#include "operations/runtime.h"
#include "provision/gentle_restart.h"

namespace dm {

/// Gives the engine of a machine a new server certificate for the address where it is now, over SSH, restarts
/// it, and saves the machine. With Containers::run_on: Error, and nothing is changed, if running containers
/// would stop. Says on the log what it does. For whoever holds the machine's long lock.
void renew_server_certificate(const Runtime& runtime, OpenMachine& open, Containers containers, Task& task);

}  // namespace dm
