#pragma once
#include <string>

#include "operations/runtime.h"
#include "provision/provision.h"

namespace dm {

/// Makes sure that the authority and the client certificate exist and are in date, and makes what is missing.
/// Safe to run in many processes at once, and after a crash in the middle.
void ensure_client_certificates(const Runtime& runtime, const AuthOptions& auth, Task& task);

/// Makes a new client certificate and key, also where the old one is in date. The copies in the machines'
/// folders stay as they are.
void renew_client_certificate(const Runtime& runtime, const AuthOptions& auth, Task& task);

/// The same for the store's own client certificate, with the copies in the folders of all machines that use
/// it. Error while the authority is being replaced, which renews it too.
void renew_shared_client_certificate(const Runtime& runtime, Task& task);

/// Whether the machine's client certificate lies with the store's other certificates, where it is ours to
/// renew.
bool has_shared_client_certificate(const AuthOptions& auth);

/// A new server certificate for the machine's address, `localhost` and the user's --tls-san names, with the
/// authority's certificate, not yet written anywhere.
EngineCertificates make_engine_certificates(const Runtime& runtime, const Machine& machine,
                                            const std::string& address, Task& task);
/// Lays it into the machine's folder, where only we look.
void keep_engine_certificates(const Machine& machine, const EngineCertificates& certificates);

/// Brings the copies of the authority and the client's files in the machine's folder, where `env` points
/// docker to, up to date.
void refresh_copies(const Runtime& runtime, const Machine& machine);

}  // namespace dm
