// The version, which the build gives.
#include "app/version.h"

namespace dm {

std::string version() { return DOCKER_MACHINE_VERSION ", build " DOCKER_MACHINE_COMMIT; }

std::string version_number() { return DOCKER_MACHINE_VERSION; }

}  // namespace dm
