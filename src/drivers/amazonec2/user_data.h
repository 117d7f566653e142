#pragma once
#include <string>

namespace dm {

/// What cloud-init is to make of a new instance.
struct FirstBoot {
  std::string hostname;
  std::string user;            ///< may become root without a password
  std::string authorized_key;  ///< public key line of whoever may log in
  std::string host_key;        ///< private key of the SSH server, PEM
  std::string host_public_key;
  int ssh_port = 22;
  std::string own;  ///< the user's user-data; empty: none
};

/// The user-data, not yet in base64. Error(usage) if the user's own is of no kind that cloud-init knows;
/// Error(check_failed) if it all is longer than EC2 takes.
std::string user_data_of(const FirstBoot& boot);

}  // namespace dm
