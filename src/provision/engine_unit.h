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

/// What the service manager does with the text of DOCKER_OPTS.
enum class WordReader {
  splits,    ///< cuts it at blanks: a value with a blank cannot be passed
  evaluates  ///< reads it as a shell would, quotes and all
};

/// A shell fragment that sets DOCKER_OPTS, an option a line, to these words but the program, and exports the
/// variables. Error(usage) that names an option which the service manager cannot pass.
std::string shell_engine_options(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment, WordReader reader);

/// boot2docker's profile, in the shape of docker-machine's: what its init script has variables for
/// (addresses, storage driver, TLS files) in these, the rest in EXTRA_ARGS.
std::string boot2docker_profile(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment);

}  // namespace dm
