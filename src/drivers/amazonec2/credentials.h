#pragma once
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "drivers/amazonec2/signature.h"
#include "drivers/driver.h"

namespace dm {

/// Where to look for credentials.
struct CredentialSource {
  std::string access_key, secret_key, session_token;  ///< as in the settings; may be references
  std::string profile;                                ///< empty: what the environment says
  std::string region;                                 ///< whose STS is asked for roles

  bool operator<(const CredentialSource& other) const {
    return std::tie(access_key, secret_key, session_token, profile, region) <
           std::tie(other.access_key, other.secret_key, other.session_token, other.profile, other.region);
  }
};

/// The credentials that this process has found so far; each source is asked once, and again when what it gave
/// is about to expire. Thread-safe.
class AwsCredentialCache {
 public:
  /// In this order: the settings' keys; the profile, if one is named there; environment variables; a web
  /// identity; the profile that the environment names, or "default"; the container's; the instance's role.
  /// Error in the original's words if nobody has any. Never logged.
  AwsCredentials credentials(const CredentialSource& source, const Services& services, Task& task);

 private:
  std::mutex lock_;
  std::map<CredentialSource, AwsCredentials> found_;
};

}  // namespace dm
