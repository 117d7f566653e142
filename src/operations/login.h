#pragma once
#include "operations/runtime.h"
#include "ssh/openssh.h"

namespace dm {

/// How the user's own SSH programs log in to a machine. Error if it does not run ("Cannot run SSH command:
/// …"), has no SSH, or its key file is not as OpenSSH wants it.
SshTarget login_of(const Runtime& runtime, const std::string& name, Task& task);

/// Takes "[[USER@]MACHINE:]PATH" apart; the machine "localhost" is this computer. Errors as login_of, behind
/// "Error loading host: ".
CopyLocation location_of(const Runtime& runtime, const std::string& text, Task& task);

/// Error "You must have a copy of the NAME binary locally PURPOSE" if the program is not installed.
void require_program(const std::string& name, const std::string& purpose);

}  // namespace dm
