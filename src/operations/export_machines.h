#pragma once
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "certs/authority.h"
#include "keys/key_pair.h"
#include "operations/runtime.h"

namespace dm {

/// What becomes of the credentials in drivers' records when machines travel.
enum class Credentials {
  withheld,    ///< they stay where they are; whoever imports gives their own
  resolved,    ///< they travel, looked up where the record only refers to them
  as_they_are  ///< copied, for a folder that is the user's own
};

/// Whether the authority's private key travels.
enum class AuthorityKey { stays, travels };

/// What a driver that is not built in means.
enum class UnknownDriver { is_refused, is_taken };

/// Which files a record may name.
enum class Reach {
  computer,  ///< any: the user's own SSH key, certificates beside the store
  store      ///< those in the store; others count as missing, since the record is a stranger's
};

/// Keys of one person alone, which travel in place of those that are here. The engine's own key stays.
struct PersonalKeys {
  CertificateAndKey client;
  std::optional<KeyPair> ssh;  ///< none: they log in with a key that they have
};

/// How machines are packed.
struct Packing {
  Credentials credentials = Credentials::withheld;
  AuthorityKey authority_key = AuthorityKey::stays;
  UnknownDriver unknown_driver = UnknownDriver::is_refused;
  Reach reach = Reach::computer;
  std::optional<PersonalKeys> personal;
};

/// All that is needed to control these machines from another computer. Error, naming the reason, for a
/// machine that cannot move, and for files that are missing. Warns of what whoever imports has to bring.
Bundle export_machines(const Runtime& runtime, const std::vector<std::string>& names, const Packing& packing,
                       Task& task);

/// The same without waiting for whoever works on the machines: for a store that nobody uses.
Bundle collect_machines(const Runtime& runtime, const std::vector<std::string>& names, const Packing& packing,
                        Task& task);

/// Why machines of this driver mean nothing on another computer, as the end of a sentence; empty: they do, or
/// the driver is not known.
std::string why_bound_to_computer(const std::string& driver_name);

}  // namespace dm
