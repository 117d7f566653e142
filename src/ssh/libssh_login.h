#pragma once
#include <string>

#include "base/environment.h"
#include "base/task.h"
#include "model/endpoint.h"
#include "ssh/terminal.h"

namespace dm {

/// Runs a command line, or the login shell if it is "", on a machine, joined to our terminal: with a terminal
/// there if ours is a real one (for a command, output too), else with plain input and output. Gives its exit
/// status, 128 + N for signal N. Errors as SshConnector::connect, and Error(unreachable) when the connection
/// breaks.
int log_in(const SshTarget& target, const std::string& line, const Terminal& terminal,
           const Environment& environment, const Task& task);

}  // namespace dm
