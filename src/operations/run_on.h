#pragma once
#include <string>

#include "operations/runtime.h"

namespace dm {

/// Runs a command on a machine over SSH, at the address that is known, or, if nobody answers there, at the
/// one that its driver gives then. Gives the command's status; Error if the machine cannot be reached.
CommandResult run_on(const Runtime& runtime, const std::string& name, const RemoteCommand& command,
                     Task& task);

}  // namespace dm
