#pragma once
#include <string>

#include "docker/engine.h"
#include "operations/runtime.h"

namespace dm {

/// Which engine of a machine is meant.
enum class Target { engine, swarm };

/// What happens to an engine that shows a certificate of ours which does not name the address where it is
/// now.
enum class OtherName {
  is_reported,          ///< Error
  is_mended,            ///< renew_server_certificate, unless running containers would stop for it: then Error
  is_mended_under_lock  ///< the same, for whoever holds the machine's long lock
};

/// Whether that is what an error of a TLS connection says.
bool names_another_address(const Error& error);

/// The docker URL of a machine whose TLS connection was just tested. If the known address fails, the driver
/// is asked once, and a new address is used and saved. Error in the original's words if nothing answers as it
/// should.
std::string connected_url(const Runtime& runtime, OpenMachine& open, Target target, OtherName other_name,
                          Task& task);

/// Where the machine is, as last known. If it was not running then, the driver is asked once, for it may have
/// been started elsewhere, and what it says is saved. Error if it is not running.
Endpoint current_endpoint(const Runtime& runtime, OpenMachine& open, Task& task);

/// Waits until the engine answers over TLS: it listens long before, while it brings its containers back.
/// Error as of connected_url if it never does, or at once if it is not ours.
void wait_until_engine_answers(const Runtime& runtime, OpenMachine& open, OtherName other_name, Task& task);

/// The engine's version; Error "Unable to query docker version: …".
EngineVersion version_of_engine(const Runtime& runtime, const OpenMachine& open, Task& task);

}  // namespace dm
