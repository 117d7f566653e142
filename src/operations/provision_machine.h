#pragma once
#include "operations/runtime.h"

namespace dm {

/// Detects the distribution over SSH and makes an engine of the machine (again): certificates, daemon options, restart.
/// Prints the original's lines from "Waiting for SSH" to "Setting Docker configuration".
void provision_machine(const Runtime& runtime, OpenMachine& open, Task& task);

/// Waits for SSH and for the engine's port after a start.
void wait_for_engine(const Runtime& runtime, const OpenMachine& open, Task& task);

}  // namespace dm
