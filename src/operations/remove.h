#pragma once
#include "operations/runtime.h"

namespace dm {

/// Removes the machine at its provider, then forgets it. Error: it is still there, and nothing was forgotten.
void remove_machine(const Runtime& runtime, const std::string& name, Task& task);
/// Forgets a machine, whatever the provider still has of it, and whoever works on it; Error(not_found) if it
/// is not there.
void forget_machine(const Runtime& runtime, const std::string& name);

}  // namespace dm
