#pragma once
#include <string>

#include "operations/runtime.h"
#include "provision/provision.h"

namespace dm {

/// Makes sure that the authority and the client certificate exist and are in date, and makes what is missing.
/// Safe to run in many processes at once, and after a crash in the middle.
void ensure_client_certificates(const Runtime& runtime, const AuthOptions& auth, Task& task);

/// Issues a server certificate for the machine's address, `localhost` and the user's --tls-san names, and
/// lays it with copies of the authority and the client's files into the machine's folder, where `env` points
/// docker to.
EngineCertificates issue_engine_certificates(const Runtime& runtime, const Machine& machine,
                                             const std::string& address, Task& task);

}  // namespace dm
