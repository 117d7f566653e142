#pragma once
#include <string>
#include <vector>

#include "base/process.h"

namespace dm {

/// `content` so that each of these recipients can open it, by the program age: "age1…" or an SSH public key
/// ("ssh-ed25519 …", "ssh-rsa …"), or a file with such lines. Error(not_found) that names the package if the
/// program is missing, Error(usage) for what is no recipient.
std::string sealed_for(const std::vector<std::string>& recipients, const std::string& content,
                       ProcessRunner& processes, Task& task);

/// Opens what age closed, with files of age identities or SSH private keys; one that has a passphrase makes
/// age ask for it on the terminal. Error if none fits, or anything was altered.
std::string opened_by_age(const std::string& file, const std::vector<std::string>& identities,
                          ProcessRunner& processes, Task& task);

}  // namespace dm
