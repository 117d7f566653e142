#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "operations/runtime.h"
#include "provision/gentle_restart.h"
#include "ssh/known_hosts.h"

namespace dm {

/// What one person has of a machine, as its host says.
struct PersonalAccess {
  std::string who;
  std::optional<std::chrono::system_clock::time_point> certificate_end;  ///< none: the engine refuses them
  std::vector<std::string> ssh_keys;  ///< fingerprints; none: the host refuses them
};

/// Error(usage) unless it can be the name of a person here: letters, digits and "._-@".
void check_person(const std::string& who);

/// The public SSH keys in a text like ~/.ssh/id_ed25519.pub; Error(usage) if there are none, or anything
/// else.
std::vector<HostKey> public_keys_in(const std::string& text);

/// Who was granted access to a machine, by name, asked of its host. Warns of what somebody should look at.
std::vector<PersonalAccess> list_access(const Runtime& runtime, const std::string& machine, Task& task);

/// Access for one person.
struct Grant {
  std::string machine, who;
  std::vector<HostKey> public_keys;  ///< theirs; none: a key pair is made, which travels in the bundle
  Containers containers = Containers::run_on;
};

/// Lets a person in by a certificate and an SSH key of their own, which take the place of those that they may
/// have. First gives all that they need to `write`; if anything fails afterwards (Error), what was written is
/// worth nothing. No private key stays here. Gives when the certificate ends.
std::chrono::system_clock::time_point grant_access(const Runtime& runtime, const Grant& grant,
                                                   const std::function<void(const Bundle&)>& write,
                                                   Task& task);

/// Takes from one person what they were granted: the SSH key, then the certificate, then open connections.
/// Error(not_found), naming who has access, if they have none. If one part fails the others are done all the
/// same: Error that says which, and doing it again completes it.
void revoke_access(const Runtime& runtime, const std::string& machine, const std::string& who,
                   Containers containers, Task& task);

}  // namespace dm
