#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "drivers/amazonec2/query.h"
#include "drivers/amazonec2/settings.h"

namespace dm {

/// Where an instance may be put.
struct Ec2Place {
  std::string subnet_id, vpc_id, zone;
  bool is_default = false;  ///< of its zone
  long long room = 0;       ///< free addresses
};

/// "us-east-1a" for "a" in us-east-1; whole names stay.
std::string zone_name(const std::string& region, const std::string& zone);

/// The places that the settings allow, the most wanted first; all in one VPC. One call. Error(check_failed)
/// if there are none.
std::vector<Ec2Place> find_places(const QueryClient& ec2, const Ec2Settings& settings, Task& task);

/// What there is of an instance type.
struct Ec2Type {
  std::vector<std::string> architectures;  ///< "x86_64", "arm64", ...
  std::set<std::string> zones;             ///< where it is offered
};

/// The types by their names. Two calls, whose answers the machines of a store share for a day, in `folder`.
/// Error(check_failed) if one of them is not offered in the region.
std::map<std::string, Ec2Type> find_types(const QueryClient& ec2, const std::vector<std::string>& types,
                                          const std::string& region, const std::string& account,
                                          const fs::path& folder, Task& task);

}  // namespace dm
