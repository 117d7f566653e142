#pragma once
#include "base/task.h"

namespace dm {

/// Turns Ctrl-C and a request to end into the stop signal; a second one ends the process at once. A program
/// in the foreground takes them instead. What was ignored when the process was started (nohup) stays so. To
/// be called once, before any other thread exists: those inherit the blocked signals. `stop` lives as long as
/// the process.
void stop_on_signals(StopSignal& stop);

}  // namespace dm
