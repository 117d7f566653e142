#pragma once
#include <string>
#include <vector>

namespace dm {

/// The systemd drop-in that starts the engine with these words and variables and nothing else, in the shape
/// of docker-machine's 10-machine.conf. `arguments` are the engine's command line, the program first;
/// `environment` is "VAR=value". What the values hold arrives at the engine as it is: quotes, blanks, `$`,
/// `%` and all.
std::string systemd_engine_unit(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment);

}  // namespace dm
