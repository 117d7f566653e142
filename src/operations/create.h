#pragma once
#include "operations/runtime.h"

namespace dm {

/// What a new machine is to be.
struct CreateRequest {
  std::string name;
  DriverType* type = nullptr;
  Json record;  ///< as DriverType::configure gave it
  EngineOptions engine;
  SwarmOptions swarm;
  AuthOptions auth;
};

/// Whether a name may be a machine's: letters, digits, blank-free, '-' and '.', beginning with a letter or
/// digit.
bool is_machine_name(const std::string& name);

/// Makes a machine, from nothing to an engine that answers. Whatever goes wrong, also a crash: from the
/// moment when something may exist, the machine is in the store for `rm`. Errors are worded as the
/// original's; a driver's refusal beforehand has Reason::check_failed.
void create_machine(const Runtime& runtime, const CreateRequest& request, Task& task);

}  // namespace dm
