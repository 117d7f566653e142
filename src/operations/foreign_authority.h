#pragma once
#include <optional>
#include <string>

#include "operations/runtime.h"

namespace dm {

/// What proves us to the engine of a machine, and it to us: contents of PEM files.
struct AuthorityFiles {
  std::string authority;              ///< ca.pem
  std::string certificate, key;       ///< the client's
  std::optional<std::string> ca_key;  ///< the authority's private key, where it is known
};

/// Names them, by what they say to others: 16 hexadecimal digits.
std::string id_of(const AuthorityFiles& files);

/// Where the files of another store's authority lie in this one: a folder of their own below `certs`, so that
/// any number of authorities live side by side. Paths of the machine's own folder as usual.
AuthOptions foreign_auth(const Store& store, const std::string& machine, const std::string& id);

/// Whether these are of the authority that signs for this store, with which this store has a client
/// certificate of its own. It does not stand in for one that `access` has granted: who loses that is to lose
/// the machine.
bool is_own_authority(const Store& store, const AuthorityFiles& files);

/// Lays the files there, unless they are there already; gives whether that was so. For whoever holds the lock
/// of the certificates.
bool keep_foreign_authority(const Store& store, const AuthorityFiles& files);

/// Removes the files of an authority of others that no machine here uses any more, unless its private key is
/// among them, which may be nowhere else. For whoever holds the lock of the certificates.
void forget_unused_authority(const Store& store, const AuthOptions& auth);

/// Error, with what can be done, if the machine's certificates are of an authority of others whose private
/// key is not here: nobody can sign for the machine then.
void require_authority_key(const Store& store, const Machine& machine);

/// Lets the machine, which is not saved yet, belong to this store's own authority from its next provisioning
/// on.
void adopt_own_authority(const Store& store, Machine& machine);

}  // namespace dm
