// Security groups: EC2's firewall, shared by the machines of a store.
#include "drivers/amazonec2/security_group.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/instance.h"

namespace dm {
namespace {

/// A new group is not known everywhere at once.
constexpr auto appearing_limit = std::chrono::minutes(2);
/// Interfaces at once; the first that is in use answers the question.
constexpr long long few = 50;

SecurityGroup group_of(const pugi::xml_node& node) {
  SecurityGroup group{.id = text_at(node, "groupId"), .name = text_at(node, "groupName")};
  for (const auto& tag : items_of(node, "tagSet")) {
    if (text_at(tag, "key") == store_tag) group.store = text_at(tag, "value");
  }
  for (const auto& rule : items_of(node, "ipPermissions")) {
    group.rules.push_back({.protocol = text_at(rule, "ipProtocol"),
                           .from = number_or_minus_one(text_at(rule, "fromPort")),
                           .to = number_or_minus_one(text_at(rule, "toPort"))});
  }
  return group;
}

QueryParameters permission_parameters(const SecurityGroup& group, const std::vector<OpenPort>& ports,
                                      Reach reach, const AwsTags& tags) {
  QueryParameters parameters;
  parameters.add("GroupId", group.id);
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string start = fmt::format("IpPermissions.{}.", i + 1);
    parameters.add(start + "IpProtocol", ports[i].protocol);
    parameters.add(start + "FromPort", static_cast<long long>(ports[i].port));
    parameters.add(start + "ToPort", static_cast<long long>(ports[i].port));
    parameters.add(start + "IpRanges.1.CidrIp", std::string("0.0.0.0/0"));
    if (reach == Reach::v4_and_v6) parameters.add(start + "Ipv6Ranges.1.CidrIpv6", std::string("::/0"));
  }
  if (!tags.empty()) parameters.add_tags("security-group-rule", tags);
  return parameters;
}

}  // namespace

bool SecurityGroup::opens(const OpenPort& port) const {
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return rule.protocol == "-1" ||
           (rule.protocol == port.protocol && rule.from <= port.port && port.port <= rule.to);
  });
}

std::vector<SecurityGroup> find_groups(const QueryClient& ec2, const std::vector<std::string>& names_or_ids,
                                       const std::string& vpc_id, Task& task) {
  std::vector<std::string> names, ids;
  for (const auto& text : names_or_ids) (text.starts_with("sg-") ? ids : names).push_back(text);
  std::vector<SecurityGroup> groups;
  for (const auto& [filter, values] : {std::pair{"group-name", names}, {"group-id", ids}}) {
    if (values.empty()) continue;
    QueryParameters parameters;
    parameters.add_filter(filter, values);
    if (!vpc_id.empty()) parameters.add_filter("vpc-id", {vpc_id});
    for (const auto& node : ec2.call("DescribeSecurityGroups", parameters, task).items("securityGroupInfo"))
      groups.push_back(group_of(node));
  }
  for (const auto& id : ids) {
    if (std::ranges::find(groups, id, &SecurityGroup::id) == groups.end()) {
      throw Error(fmt::format("there is no security group {} in {}: see --amazonec2-security-group", id,
                              vpc_id.empty() ? "the region" : vpc_id),
                  Reason::check_failed);
    }
  }
  return groups;
}

SecurityGroup make_group(const QueryClient& ec2, const std::string& name, const std::string& vpc_id,
                         const AwsTags& tags, Task& task) {
  QueryParameters parameters;
  parameters.add("GroupName", name).add("GroupDescription", std::string("Docker Machine"));
  parameters.add("VpcId", vpc_id).add_tags("security-group", tags);
  try {
    const XmlAnswer answer = ec2.call("CreateSecurityGroup", parameters, task);
    return {.id = answer.text("groupId"), .name = name, .store = tags.empty() ? "" : tags[0].second};
  } catch (const AwsError& error) {
    if (error.code() != "InvalidGroup.Duplicate") throw;
  }
  // Whoever was quicker has made it; it may take a moment until we see it.
  const Task limited = task.within(appearing_limit);
  for (Backoff backoff(std::chrono::milliseconds(500), std::chrono::seconds(5));; backoff.pause(limited)) {
    const auto groups = find_groups(ec2, {name}, vpc_id, task);
    if (!groups.empty()) return groups[0];
  }
}

std::vector<std::string> open_ports(const QueryClient& ec2, const SecurityGroup& group,
                                    const std::vector<OpenPort>& ports, Reach reach, const AwsTags& tags,
                                    Task& task) {
  const QueryParameters parameters = permission_parameters(group, ports, reach, tags);
  const Task limited = task.within(appearing_limit);
  for (Backoff backoff(std::chrono::milliseconds(500), std::chrono::seconds(5));;) {
    try {
      std::vector<std::string> rules;
      const XmlAnswer answer = ec2.call("AuthorizeSecurityGroupIngress", parameters, task);
      for (const auto& node : answer.items("securityGroupRuleSet"))
        rules.push_back(text_at(node, "securityGroupRuleId"));
      return rules;
    } catch (const AwsError& error) {
      // Refused as a whole if one of them is there: each by itself then.
      if (error.code() == "InvalidPermission.Duplicate") break;
      if (error.code() != "InvalidGroup.NotFound" || limited.left().count() == 0) throw;
    }
    backoff.pause(limited);
  }
  std::vector<std::string> rules;
  for (const auto& port : ports) {
    if (ports.size() == 1) break;
    for (auto& rule : open_ports(ec2, group, {port}, reach, tags, task)) rules.push_back(std::move(rule));
  }
  return rules;
}

// By the network interfaces, which are what a group is on, whoever made them.
bool is_used(const QueryClient& ec2, const std::string& group_id, const std::string& except_instance,
             Task& task) {
  for (std::string token;;) {
    QueryParameters parameters;
    parameters.add_filter("group-id", {group_id}).add("MaxResults", few);
    if (!token.empty()) parameters.add("NextToken", token);
    const XmlAnswer page = ec2.call("DescribeNetworkInterfaces", parameters, task);
    std::vector<std::string> others;
    for (const auto& node : page.items("networkInterfaceSet")) {
      const std::string instance = text_at(node, "attachment/instanceId");
      if (instance.empty()) return true;
      if (instance != except_instance) others.push_back(instance);
    }
    if (!others.empty()) {
      for (const auto& [id, instance] : instances_of(ec2, others, task)) {
        if (instance.is_alive()) return true;
      }
    }
    token = page.text("nextToken");
    if (token.empty()) return false;
  }
}

bool delete_group(const QueryClient& ec2, const std::string& group_id, Milliseconds patience, Task& task) {
  QueryParameters parameters;
  parameters.add("GroupId", group_id);
  const Task limited = task.within(patience);
  for (Backoff backoff(std::chrono::seconds(2), std::chrono::seconds(10));;) {
    try {
      ec2.call("DeleteSecurityGroup", parameters, task);
      return true;
    } catch (const AwsError& error) {
      if (error.is_not_found()) return true;
      if (error.code() != "DependencyViolation" && error.code() != "InvalidGroup.InUse") throw;
      if (limited.left() < std::chrono::seconds(3)) return false;
    }
    backoff.pause(limited);
  }
}

}  // namespace dm
