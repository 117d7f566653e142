#pragma once
#include <string>

#include "operations/runtime.h"

namespace dm {

/// Gives a machine another name: here in one step, then to the docker client, to OpenSSH and at its provider.
/// What of that fails is a warning, and is done when the same is asked for again; so is what a crash has
/// left. Error if `to` can be no name or is taken.
void rename_machine(const Runtime& runtime, const std::string& from, const std::string& to, Task& task);

}  // namespace dm
