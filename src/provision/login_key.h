#pragma once
#include <string>

#include "provision/facts.h"
#include "provision/remote_host.h"

namespace dm {

/// Lets a further SSH key log in as the user that we are on the machine: a line of authorized_keys, "TYPE
/// BASE64 MARK", in the place of the one that has the same mark. All other lines stay.
void authorize_key(RemoteHost& host, const MachineFacts& facts, const std::string& public_line,
                   const std::string& mark, Task& task);

}  // namespace dm
