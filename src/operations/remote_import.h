#pragma once
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// Hands a bundle to `docker-machine import` on another computer, through the user's own ssh, on whose
/// terminal both may ask; `host` is what ssh takes: [USER@]HOST or ssh://[USER@]HOST[:PORT]. The bundle lies
/// on no disk on its way. Error if ssh fails, there is no docker-machine there, or it refuses.
void import_on(const Runtime& runtime, const std::string& host, const std::string& bundle,
               const std::vector<std::string>& import_arguments, const Task& task);

}  // namespace dm
