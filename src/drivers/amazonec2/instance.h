#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/amazonec2/query.h"
#include "model/state.h"

namespace dm {

/// What EC2 says of one instance.
struct Ec2Instance {
  std::string id, state;  ///< "pending", "running", "shutting-down", "terminated", "stopping", "stopped"
  std::string reason;     ///< why it is in that state, if EC2 says
  std::string public_address, private_address, ipv6_address;
  std::string type, zone, subnet_id, spot_request_id, machine;  ///< the last by its tag
  std::vector<std::string> volume_ids;

  bool is_gone() const { return state == "terminated"; }
  /// Whether it still uses what it was given, and will.
  bool is_alive() const { return state != "terminated" && state != "shutting-down"; }
};

using Ec2Instances = std::map<std::string, Ec2Instance>;

/// All instances in an answer of DescribeInstances or RunInstances.
std::vector<Ec2Instance> instances_in(const XmlAnswer& answer);
/// All that match, by DescribeInstances in pages as large as can be.
Ec2Instances instances_where(const QueryClient& ec2, const std::string& filter,
                             const std::vector<std::string>& values, Task& task);
/// As above for instances by their ids, however many; those that are not there are left out.
Ec2Instances instances_of(const QueryClient& ec2, const std::vector<std::string>& ids, Task& task);
/// As the machine's state.
State state_of(const Ec2Instance& instance);

/// For a file that processes share; no secret is in it.
Json json_of(const Ec2Instances& instances);
Ec2Instances instances_from(const Json& json);

/// Names of the tags that are ours.
inline constexpr auto store_tag = "docker-machine:store", machine_tag = "docker-machine:machine",
                      id_tag = "docker-machine:id";

}  // namespace dm
