#pragma once
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

// A change of the store's authority, in an order in which no machine is out of reach at any time:
//  1. ca.pem holds the new authority and the old one; ca-old.pem, the old one, says that a change is under
//  way;
//  2. each engine gets a certificate by the new authority, and trusts both;
//  3. when all have it: the client's certificate is by the new authority, and ca.pem holds that alone;
//  4. each engine trusts the new one alone; when all do, ca-old.pem goes.
// Each step looks at what is there, so that a change may stop at any point and go on at any later time.

/// A machine that a change waits for, and why.
struct Waiting {
  std::string machine, reason;
};

/// Begins to replace the store's authority, or goes on with a change that has begun, as far as that is
/// possible now; gives who is waited for, nobody when it is done. Machines with an authority of their own
/// (`--tls-ca-cert`) are left alone; those without SSH keep the old certificates in their folders. Says on
/// the log what it does. Error, and nothing is changed, if a machine's file cannot be read.
std::vector<Waiting> change_authority(const Runtime& runtime, Task& task);

/// Whether a change of the authority is under way.
bool is_authority_changing(const AuthOptions& auth);

/// Whether a crash has left the authority's certificate and its key of different make; for whoever is about
/// to sign with it. What ends that is for whoever holds Store::lock_certificates.
bool is_half_changed(const AuthOptions& auth);
void finish_half_change(const AuthOptions& auth);

}  // namespace dm
