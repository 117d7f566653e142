#pragma once
#include "operations/runtime.h"

namespace dm {

/// Makes an engine of a machine that runs, or repairs it: certificates, daemon options, restart, and a check
/// from outside over TLS. Prints the original's lines from "Waiting for SSH" to "Checking connection".
/// Afterwards the machine is saved, and its creation counts as finished.
void provision_machine(const Runtime& runtime, OpenMachine& open, Task& task);

/// Waits after a start for SSH, for the engine's port, and until the engine answers.
void wait_for_engine(const Runtime& runtime, OpenMachine& open, Task& task);

}  // namespace dm
