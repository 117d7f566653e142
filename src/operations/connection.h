#pragma once
#include <string>

#include "docker/engine.h"
#include "operations/runtime.h"

namespace dm {

/// Which engine of a machine is meant.
enum class Target { engine, swarm };

/// The docker URL of a machine whose TLS connection was just tested. If the known address fails, the driver
/// is asked once, and a new address is used and saved. Error in the original's words if nothing answers as it
/// should.
std::string connected_url(const Runtime& runtime, OpenMachine& open, Target target, Task& task);

/// The engine's version; Error "Unable to query docker version: …".
EngineVersion version_of_engine(const Runtime& runtime, const OpenMachine& open, Task& task);

}  // namespace dm
