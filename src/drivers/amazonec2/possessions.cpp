// What carries a store's tag in a region of EC2.
#include "drivers/amazonec2/possessions.h"

#include <fmt/core.h>

#include <array>

#include "drivers/amazonec2/instance.h"
#include "drivers/amazonec2/machine.h"

namespace dm {
namespace {

constexpr auto group_patience = std::chrono::minutes(2);

/// A kind of thing: how it is listed, and how one is removed.
struct Kind {
  const char *name, *describe, *list, *id, *remove, *id_parameter;
  const char *filter = "", *value = "";  ///< what else must be true of it
};

/// In the order in which they can be removed. A disk in use goes with its instance.
constexpr std::array kinds{
    Kind{"instance", "DescribeInstances", "", "", "TerminateInstances", "InstanceId.1", "instance-state-name",
         ""},
    Kind{"spot request", "DescribeSpotInstanceRequests", "spotInstanceRequestSet", "spotInstanceRequestId",
         "CancelSpotInstanceRequests", "SpotInstanceRequestId.1", "state", "open"},
    Kind{"disk", "DescribeVolumes", "volumeSet", "volumeId", "DeleteVolume", "VolumeId", "status",
         "available"},
    Kind{"network interface", "DescribeNetworkInterfaces", "networkInterfaceSet", "networkInterfaceId",
         "DeleteNetworkInterface", "NetworkInterfaceId", "status", "available"},
    Kind{"key pair", "DescribeKeyPairs", "keySet", "keyName", "DeleteKeyPair", "KeyName"},
    Kind{"launch template", "DescribeLaunchTemplates", "launchTemplates", "launchTemplateId",
         "DeleteLaunchTemplate", "LaunchTemplateId"},
    Kind{"address", "DescribeAddresses", "addressesSet", "allocationId", "", ""},
    Kind{"security group", "DescribeSecurityGroups", "securityGroupInfo", "groupId", "", ""},
};

/// What we opened in groups of others; its id is an OpenedGroup.
constexpr auto ports_kind = "open ports";

std::string machine_in(const pugi::xml_node& node) {
  for (const auto& tag : items_of(node, "tagSet")) {
    if (text_at(tag, "key") == machine_tag) return text_at(tag, "value");
  }
  return {};
}

void add_instances(std::vector<Possession>& found, const QueryClient& ec2, const std::string& filter,
                   const std::string& store_id, const std::string& region, Task& task) {
  for (const auto& [id, instance] : instances_where(ec2, filter, {store_id}, task)) {
    if (instance.is_alive()) found.push_back({instance.machine, "instance", id, region});
  }
}

/// Rules in groups that are not the store's own; those of its own go with the group.
void add_rules(std::vector<Possession>& found, const QueryClient& ec2, const std::string& filter,
               const std::string& store_id, const std::string& region, Task& task) {
  QueryParameters parameters;
  parameters.add_filter(filter, {store_id});
  std::set<std::string> groups;
  for (const auto& page : ec2.call_pages("DescribeSecurityGroupRules", parameters, task)) {
    for (const auto& node : page.items("securityGroupRuleSet")) groups.insert(text_at(node, "groupId"));
  }
  for (const auto& possession : found) groups.erase(possession.id);
  for (const auto& group : groups)
    found.push_back({"", ports_kind, text_of(OpenedGroup{group, store_id}), region});
}

}  // namespace

std::vector<Possession> ec2_possessions(const QueryClient& ec2, const std::string& region,
                                        const std::string& store_id, Task& task) {
  const std::string filter = std::string("tag:") + store_tag;
  std::vector<Possession> found;
  for (const auto& kind : kinds) {
    if (std::string_view(kind.list).empty()) {
      add_instances(found, ec2, filter, store_id, region, task);
      continue;
    }
    QueryParameters parameters;
    parameters.add_filter(filter, {store_id});
    if (!std::string_view(kind.filter).empty()) parameters.add_filter(kind.filter, {kind.value});
    for (const auto& page : ec2.call_pages(kind.describe, parameters, task)) {
      for (const auto& node : page.items(kind.list))
        found.push_back({machine_in(node), kind.name, text_at(node, kind.id), region});
    }
  }
  add_rules(found, ec2, filter, store_id, region, task);
  return found;
}

void dispose_of(const QueryClient& ec2, const Possession& possession, Task& task) {
  if (possession.kind == ports_kind) return revoke_rules(ec2, opened_group(possession.id), task);
  if (possession.kind == "address") return release(ec2, possession.id, task);
  if (possession.kind == "security group") {
    if (!delete_group(ec2, possession.id, group_patience, task))
      throw Error("it is still in use: remove what uses it first");
    return;
  }
  for (const auto& kind : kinds) {
    if (possession.kind != kind.name) continue;
    QueryParameters parameters;
    parameters.add(kind.id_parameter, possession.id);
    try {
      ec2.call(kind.remove, parameters, task);
    } catch (const AwsError& error) {
      if (!error.is_not_found()) throw;
    }
    return;
  }
  throw Error(fmt::format("\"{}\" is nothing that this driver makes", possession.kind));
}

}  // namespace dm
