#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/task.h"

namespace dm {

/// Whether the docker client asks what kind of plugin this is.
bool is_metadata_request(const std::vector<std::string>& arguments);
/// What it is told: JSON.
std::string plugin_metadata();

/// The command line as if it had been typed for us, "docker machine" in place of argv[0]; nothing if the
/// docker client has not started us as its plugin. It hands on its own line: "[DOCKER OPTIONS] machine
/// WORDS...".
std::optional<std::vector<std::string>> without_docker(const std::vector<std::string>& arguments,
                                                       const Environment& environment);

/// Newer docker clients that are to end say so by closing a socket: from now on that raises `stop`, which
/// lives as long as the process. To be called after stop_on_signals.
void stop_with_docker(const Environment& environment, StopSignal& stop);

}  // namespace dm
