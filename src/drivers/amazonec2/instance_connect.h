#pragma once
#include <string>

#include "drivers/amazonec2/signature.h"
#include "http/http.h"

namespace dm {

/// Who is to be let in where.
struct ConnectRequest {
  std::string instance_id, zone;  ///< the zone's whole name
  std::string user, public_line;
};

/// EC2 Instance Connect: lets a key log in to an instance for 60 seconds, if the instance asks for such keys.
/// AwsError if AWS refuses.
void send_ssh_public_key(HttpClient& http, const std::string& url, const std::string& region,
                         const AwsCredentials& credentials, const ConnectRequest& request, Task& task);

}  // namespace dm
