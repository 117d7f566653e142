#pragma once
#include <string>

#include "base/file.h"

namespace dm {

/// What a new machine is told by cloud-init when it boots for the first time.
struct Seed {
  std::string instance_id;  ///< another one makes cloud-init set the machine up anew
  std::string hostname;
  std::string user;             ///< may become root without a password
  std::string authorized_key;   ///< public key line of whoever may log in
  std::string host_key;         ///< private key of the machine's SSH server, PEM
  std::string host_public_key;  ///< its public line
  std::string user_data;        ///< the user's own, merged; empty: none
};

/// cloud-init's "user-data". Error if the user's own is of no kind that cloud-init knows.
std::string user_data_of(const Seed& seed);
/// cloud-init's "meta-data".
std::string meta_data_of(const Seed& seed);
/// The ISO 9660 image with the label CIDATA that cloud-init's NoCloud source reads.
std::string seed_image(const Seed& seed);

}  // namespace dm
