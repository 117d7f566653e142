#pragma once
#include "base/environment.h"
#include "model/endpoint.h"
#include "ssh/libssh_link.h"

namespace dm {

/// Logs in on a link whose key exchange is done, with the target's key file alone, or, if it has none, with
/// the agent's keys and then the user's default ones. Error(authentication_failed) says which were refused,
/// Error(not_found) that the key file is missing, Error(timed_out) that the server does not answer. For the
/// files of this folder only.
void authenticate(LibsshLink& link, const SshTarget& target, const Environment& environment,
                  const Task& task);

}  // namespace dm
