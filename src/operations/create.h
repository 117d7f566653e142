#pragma once
#include "operations/runtime.h"

namespace dm {

/// What becomes of a machine whose creation failed or was cancelled.
enum class OnFailure {
  keep,   ///< it stays as it is, listed as Error, to be looked at, provisioned again or removed
  remove  ///< all that was made is removed; if that fails, it stays
};

/// What a new machine is to be.
struct CreateRequest {
  std::string name;
  DriverType* type = nullptr;
  Json record;  ///< as DriverType::configure gave it
  EngineOptions engine;
  SwarmOptions swarm;
  AuthOptions auth;
  OnFailure on_failure = OnFailure::keep;
};

/// Whether a name may be a machine's: letters, digits, blank-free, '-' and '.', beginning with a letter or
/// digit.
bool is_machine_name(const std::string& name);

/// Makes a machine, from nothing to an engine that answers. Whatever goes wrong, also a crash: from the
/// moment when something may exist, the machine is in the store for `rm`. Errors are worded as the
/// original's; a driver's refusal beforehand has Reason::check_failed.
void create_machine(const Runtime& runtime, const CreateRequest& request, Task& task);

}  // namespace dm
