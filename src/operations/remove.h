#pragma once
#include <optional>

#include "operations/runtime.h"

namespace dm {

/// Removes the machine at its provider, then forgets it. Error: it is still there, and nothing was forgotten.
void remove_machine(const Runtime& runtime, const std::string& name, Task& task);

/// Notes what is needed to remove a machine that is going to be forgotten, and why it may still be there (see
/// find_orphans). What cannot be noted is a warning.
void note_remains(const Runtime& runtime, const std::string& name, const std::string& why, Task& task);

/// Tries to remove the machine at its provider, even if another command works on it for long, and forgets it
/// whatever comes of that; what the provider did not confirm as gone is noted (see find_orphans). Gives what
/// went wrong at the provider; Error(not_found) if there is no such machine here.
std::optional<Error> remove_machine_by_force(const Runtime& runtime, const std::string& name, Task& task);

}  // namespace dm
