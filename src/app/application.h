#pragma once
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "app/console.h"
#include "base/environment.h"
#include "base/task.h"

namespace dm {

/// What the process brings: all that a run sees of the world outside of its services.
struct Process {
  std::vector<std::string> arguments;  ///< argv
  Environment environment;
  std::istream& in;
  std::ostream& out;
  Console& console;
  const StopSignal& stop;
};

/// Runs one command line; gives the exit code: 0, 1, 3 (a driver refused before creating), 130 (cancelled),
/// or the code of a program that ran in the user's terminal.
int run_application(Process& process);

}  // namespace dm
