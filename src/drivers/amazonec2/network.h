#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

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

/// Architectures of an instance type, those that we know of first, by its name.
std::map<std::string, std::vector<std::string>> architectures_of(const QueryClient& ec2,
                                                                 const std::vector<std::string>& types,
                                                                 Task& task);
/// The zones where each of the types is offered.
std::map<std::string, std::set<std::string>> zones_offering(const QueryClient& ec2,
                                                            const std::vector<std::string>& types,
                                                            Task& task);

}  // namespace dm
