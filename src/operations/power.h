#pragma once
#include "operations/runtime.h"

namespace dm {

/// Starts, stops, restarts or kills a machine, waits until it is so, and saves it. Prints docker-machine's
/// lines. After a start, also waits for SSH and the engine.
void power_machine(const Runtime& runtime, const std::string& name, Power power, Task& task);

/// The same for a machine that is open and whose lock is held: starts it.
void start_machine(const Runtime& runtime, OpenMachine& open, Task& task);

/// Waits until the driver says that the machine runs.
void wait_until_running(const OpenMachine& open, Task& task);

}  // namespace dm
