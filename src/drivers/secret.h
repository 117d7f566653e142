#pragma once
#include <string>

#include "drivers/driver.h"

namespace dm {

/// The secret that a setting holds or refers to: "env:NAME" is that environment variable, "file:PATH" the
/// file's first line, "command:LINE" the first line that a shell prints for LINE; anything else is the secret
/// itself. Error that names the reference, and never the secret, if there is nothing. Not for logs.
std::string resolved_secret(const std::string& setting, const Services& services, Task& task);

}  // namespace dm
