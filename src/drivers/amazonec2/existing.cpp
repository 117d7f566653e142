// The record of an instance that exists, out of what EC2 says of it.
#include "drivers/amazonec2/existing.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/machine.h"
#include "keys/key_pair.h"

namespace dm {
namespace {

struct Described {
  pugi::xml_node node;
  XmlAnswer answer;  ///< which the node belongs to
};

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::not_found); }

/// Whoever lost everything does not know the id either.
[[noreturn]] void list_instances(const QueryClient& ec2, const std::string& region, Task& task) {
  std::string lines;
  for (const auto& [id, instance] : instances_where(ec2, "instance-state-name", {"running"}, task)) {
    lines += fmt::format("\n  {}  {}  {}{}", id, instance.type,
                         instance.public_address.empty() ? instance.private_address : instance.public_address,
                         instance.machine.empty() ? "" : "  made as \"" + instance.machine + "\"");
  }
  if (lines.empty()) refuse(fmt::format("No instance runs in {}: see --amazonec2-region", region));
  throw Error(fmt::format("Say which instance: --{} ID. In {} run:{}", instance_flag, region, lines),
              Reason::usage);
}

Described described(const QueryClient& ec2, const std::string& id, const std::string& region, Task& task) {
  QueryParameters parameters;
  parameters.add_filter("instance-id", {id});
  const XmlAnswer answer = ec2.call("DescribeInstances", parameters, task);
  for (const auto& reservation : answer.items("reservationSet")) {
    for (const auto& node : items_of(reservation, "instancesSet")) return {node, answer};
  }
  refuse(fmt::format("there is no instance {} in {}: see --amazonec2-region and --{}", id, region,
                     instance_flag));
}

std::string last_part(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

/// The user's tags, and by which marks docker-machine made it.
void take_tags(Ec2Settings& settings, std::string& made_as, const pugi::xml_node& node) {
  std::vector<std::string> own;
  std::string id;
  settings.store_id.clear();
  for (const auto& tag : items_of(node, "tagSet")) {
    const std::string key = text_at(tag, "key"), value = text_at(tag, "value");
    if (key == store_tag) {
      settings.store_id = value;
    } else if (key == id_tag) {
      id = value;
    } else if (key == machine_tag) {
      made_as = value;
    } else if (key != "Name" && !key.starts_with("aws:") && !(key + value).contains(',')) {
      own.push_back(key + "," + value);
    }
  }
  settings.tags = join(own, ",");
  if (!id.empty()) settings.id = id;
  if (id.empty()) settings.store_id.clear();
}

void take_description(Ec2Settings& settings, const pugi::xml_node& node) {
  settings.instance_id = text_at(node, "instanceId");
  settings.instance_type = text_at(node, "instanceType");
  settings.instance_types = {settings.instance_type};
  settings.ami = text_at(node, "imageId");
  settings.vpc_id = text_at(node, "vpcId");
  settings.subnet_id = text_at(node, "subnetId");
  settings.subnet_ids = {settings.subnet_id};
  const std::string zone = text_at(node, "placement/availabilityZone");
  settings.zone = zone.size() == settings.region.size() + 1 ? zone.substr(settings.region.size()) : zone;
  settings.zones = {settings.zone};
  settings.private_address = text_at(node, "privateIpAddress");
  settings.device_name = text_at(node, "rootDeviceName");
  settings.instance_profile = last_part(text_at(node, "iamInstanceProfile/arn"));
  settings.monitoring = text_at(node, "monitoring/state") == "enabled";
  settings.ebs_optimized = text_at(node, "ebsOptimized") == "true";
  settings.placement_group = text_at(node, "placement/groupName");
  settings.spot_request_id = text_at(node, "spotInstanceRequestId");
  settings.spot = !settings.spot_request_id.empty();
  settings.root_size = 0, settings.volume_type.clear();  // Nobody asks for them again.
  settings.group_ids.clear(), settings.group_names.clear();
  for (const auto& group : items_of(node, "groupSet")) {
    settings.group_ids.push_back(text_at(group, "groupId"));
    settings.group_names.push_back(text_at(group, "groupName"));
  }
  settings.key_name = text_at(node, "keyName");
  settings.existing_key = true;
}

/// Where it has no public address, only the private one is left to be used.
void take_addresses(Ec2Settings& settings, const Ec2Instance& instance) {
  settings.ipv6_count = instance.ipv6_address.empty() ? 0 : 1;
  if (!instance.public_address.empty() || settings.use_private || settings.ipv6_only) return;
  settings.private_only = !instance.private_address.empty();
  settings.ipv6_only = instance.private_address.empty();
}

/// The key pair, address and groups that docker-machine made for it: rm removes them with it.
void find_what_was_made(Ec2Settings& settings, const QueryClient& ec2,
                        const std::vector<SecurityGroup>& groups, Task& task) {
  if (settings.store_id.empty()) return;
  const std::string own = std::string("tag:") + id_tag;
  const auto find = [&](const char* action, const char* list, const auto& take) {
    QueryParameters parameters;
    parameters.add_filter(own, {settings.id});
    for (const auto& node : ec2.call(action, parameters, task).items(list)) take(node);
  };
  find("DescribeKeyPairs", "keySet", [&](const pugi::xml_node& node) {
    settings.key_name = text_at(node, "keyName");
    settings.key_pair_id = text_at(node, "keyPairId");
    settings.existing_key = false;
  });
  find("DescribeAddresses", "addressesSet", [&](const pugi::xml_node& node) {
    settings.allocation_id = text_at(node, "allocationId");
    settings.elastic_ip = "allocate";
    settings.address_made = true;
  });
  for (const auto& group : groups) {
    if (group.store == settings.store_id) settings.made_groups.push_back(group.id);
  }
  QueryParameters parameters;
  parameters.add_filter("group-id", settings.group_ids);
  parameters.add_filter(std::string("tag:") + store_tag, {settings.store_id});
  for (const auto& page : ec2.call_pages("DescribeSecurityGroupRules", parameters, task)) {
    for (const auto& node : page.items("securityGroupRuleSet")) {
      const std::string id = text_at(node, "groupId"), opened = text_of(OpenedGroup{id, settings.store_id});
      const auto has = [](const auto& rows, const std::string& text) {
        return std::ranges::find(rows, text) != rows.end();
      };
      if (!has(settings.made_groups, id) && !has(settings.opened_groups, opened))
        settings.opened_groups.push_back(opened);
    }
  }
}

}  // namespace

Existing existing_instance(const std::string& instance_id, CommonSettings common, Ec2Settings settings,
                           const Services& services, AwsCredentialCache& cache, Task& task) {
  const QueryClient ec2 = ec2_client(settings, services, cache);
  if (instance_id.empty()) list_instances(ec2, settings.region, task);
  const Described found = described(ec2, instance_id, settings.region, task);
  const Ec2Instance instance = instances_in(found.answer).at(0);
  if (instance.state != "running") {
    throw Error(fmt::format("the instance {} is {}: start it in AWS's console, then adopt it", instance_id,
                            instance.state));
  }
  std::string made_as;
  take_description(settings, found.node);
  take_tags(settings, made_as, found.node);
  take_addresses(settings, instance);
  const auto groups = settings.group_ids.empty()
                          ? std::vector<SecurityGroup>()
                          : find_groups(ec2, settings.group_ids, settings.vpc_id, task);
  find_what_was_made(settings, ec2, groups, task);

  Existing existing{.key_file = settings.private_key_path};
  const KeyPair key = make_rsa_key();
  existing.own_key = LoginKey{.private_pem = key.private_pem, .public_line = key.public_ssh_line};
  existing.found.push_back(
      fmt::format("the instance {}, {} in {}{}", instance.id, instance.type, instance.zone,
                  made_as.empty() ? "" : fmt::format(", made by docker-machine as \"{}\"", made_as)));
  existing.changes.push_back(fmt::format("the tags {}, {} and {} of the instance{}{}: this store's",
                                         store_tag, machine_tag, id_tag,
                                         instance.volume_ids.empty() ? "" : ", its disks",
                                         settings.store_id.empty() ? "" : " and all that was made for it"));
  if (needs_port(settings, groups)) {
    existing.changes.push_back(
        fmt::format("port {}/tcp is opened in the security group {}; "
                    "--amazonec2-security-group-readonly forbids that",
                    default_engine_port, groups.front().name));
  }
  existing.consequences = {fmt::format("\"docker-machine rm {}\" will terminate the instance {}",
                                       common.machine_name, instance.id)};
  Ec2Machine machine(ec2_record(common, settings), services, cache);
  machine.surveyed(&instance);
  existing.record = machine.record();
  return existing;
}

}  // namespace dm
