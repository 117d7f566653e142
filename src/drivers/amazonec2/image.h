#pragma once
#include <string>
#include <vector>

#include "drivers/amazonec2/query.h"

namespace dm {

/// A disk image that instances are made from.
struct Ec2Image {
  std::string id, name, architecture;      ///< "x86_64", "arm64", ...
  std::string root_device;                 ///< its name, e.g. "/dev/sda1"
  long long root_size = 0;                 ///< GiB, the least that a root disk must have
  std::vector<std::string> further_disks;  ///< names of the devices beside the root one
};

/// By its id; or, for "ubuntu", "debian" or "", the newest long-term release of that distribution for one of
/// the architectures, in their order. Error(check_failed) if there is none, or it fits none of them.
Ec2Image find_image(const QueryClient& ec2, const std::string& wanted, const std::string& region,
                    const std::vector<std::string>& architectures, Task& task);

}  // namespace dm
