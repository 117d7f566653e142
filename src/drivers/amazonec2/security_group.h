#pragma once
#include <string>
#include <vector>

#include "drivers/amazonec2/query.h"
#include "drivers/open_port.h"

namespace dm {

/// Who may be reached at a port, besides over IPv4.
enum class Reach { v4, v4_and_v6 };

/// A security group as far as we need it.
struct SecurityGroup {
  std::string id, name, store;  ///< the store by its tag; empty: not ours
  struct Rule {
    std::string protocol;  ///< "tcp", ..., "-1": all
    int from = 0, to = 0;
  };
  std::vector<Rule> rules;  ///< ingress, whatever their sources

  bool opens(const OpenPort& port) const;
};

/// Those of a VPC (empty: of any) that have one of these names or ids ("sg-..."). Error(check_failed) for an
/// id that is not there.
std::vector<SecurityGroup> find_groups(const QueryClient& ec2, const std::vector<std::string>& names_or_ids,
                                       const std::string& vpc_id, Task& task);
/// A new group; the one of that name if somebody made it meanwhile.
SecurityGroup make_group(const QueryClient& ec2, const std::string& name, const std::string& vpc_id,
                         const AwsTags& tags, Task& task);
/// Opens ports to everybody; ids of the new rules, none if somebody opened them meanwhile.
std::vector<std::string> open_ports(const QueryClient& ec2, const SecurityGroup& group,
                                    const std::vector<OpenPort>& ports, Reach reach, const AwsTags& tags,
                                    Task& task);
/// Whether something uses the group, other than this instance and those that are being terminated. Two calls.
bool is_used(const QueryClient& ec2, const std::string& group_id, const std::string& except_instance,
             Task& task);
/// Removes a group once what is being terminated has left it; false if somebody else still holds it after a
/// while. A group that is gone counts as removed.
bool delete_group(const QueryClient& ec2, const std::string& group_id, Milliseconds patience, Task& task);

}  // namespace dm
