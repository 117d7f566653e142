// Instances, as EC2 describes them.
#include "drivers/amazonec2/instance.h"

#include <algorithm>
#include <array>

namespace dm {
namespace {

/// The most that EC2 gives in one page, and takes in one filter.
constexpr long long largest_page = 1000;
constexpr size_t most_values = 200;

/// What processes share of an instance.
constexpr std::array<std::pair<const char*, std::string Ec2Instance::*>, 11> shared_members{{
    {"id", &Ec2Instance::id},
    {"state", &Ec2Instance::state},
    {"reason", &Ec2Instance::reason},
    {"public", &Ec2Instance::public_address},
    {"private", &Ec2Instance::private_address},
    {"ipv6", &Ec2Instance::ipv6_address},
    {"type", &Ec2Instance::type},
    {"zone", &Ec2Instance::zone},
    {"subnet", &Ec2Instance::subnet_id},
    {"spot", &Ec2Instance::spot_request_id},
    {"machine", &Ec2Instance::machine},
}};

Ec2Instance instance_of(const pugi::xml_node& node) {
  Ec2Instance instance{.id = text_at(node, "instanceId"),
                       .state = text_at(node, "instanceState/name"),
                       .reason = text_at(node, "stateReason/message"),
                       .public_address = text_at(node, "ipAddress"),
                       .private_address = text_at(node, "privateIpAddress"),
                       .ipv6_address = text_at(node, "ipv6Address"),
                       .type = text_at(node, "instanceType"),
                       .zone = text_at(node, "placement/availabilityZone"),
                       .subnet_id = text_at(node, "subnetId"),
                       .spot_request_id = text_at(node, "spotInstanceRequestId")};
  for (const auto& interface : items_of(node, "networkInterfaceSet")) {
    for (const auto& address : items_of(interface, "ipv6AddressesSet")) {
      if (instance.ipv6_address.empty()) instance.ipv6_address = text_at(address, "ipv6Address");
    }
  }
  for (const auto& device : items_of(node, "blockDeviceMapping"))
    instance.volume_ids.push_back(text_at(device, "ebs/volumeId"));
  for (const auto& tag : items_of(node, "tagSet")) {
    if (text_at(tag, "key") == machine_tag) instance.machine = text_at(tag, "value");
  }
  return instance;
}

}  // namespace

std::vector<Ec2Instance> instances_in(const XmlAnswer& answer) {
  std::vector<Ec2Instance> instances;
  const auto add_all = [&](const pugi::xml_node& reservation) {
    for (const auto& node : items_of(reservation, "instancesSet")) instances.push_back(instance_of(node));
  };
  add_all(answer.root());
  for (const auto& reservation : answer.items("reservationSet")) add_all(reservation);
  return instances;
}

Ec2Instances instances_where(const QueryClient& ec2, const std::string& filter,
                             const std::vector<std::string>& values, Task& task) {
  QueryParameters parameters;
  parameters.add_filter(filter, values).add("MaxResults", largest_page);
  Ec2Instances instances;
  for (const auto& page : ec2.call_pages("DescribeInstances", parameters, task)) {
    for (auto& instance : instances_in(page)) instances[instance.id] = std::move(instance);
  }
  return instances;
}

Ec2Instances instances_of(const QueryClient& ec2, const std::vector<std::string>& ids, Task& task) {
  Ec2Instances instances;
  for (size_t from = 0; from < ids.size(); from += most_values) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = static_cast<std::ptrdiff_t>(std::min(most_values, ids.size() - from));
    instances.merge(instances_where(ec2, "instance-id", {begin, begin + count}, task));
  }
  return instances;
}

State state_of(const Ec2Instance& instance) {
  if (instance.state == "pending") return State::starting;
  if (instance.state == "running") return State::running;
  if (instance.state == "stopping" || instance.state == "shutting-down") return State::stopping;
  if (instance.state == "stopped") return State::stopped;
  return State::error;
}

Json json_of(const Ec2Instances& instances) {
  Json list = Json::array();
  for (const auto& [id, instance] : instances) {
    Json item;
    for (const auto& [key, member] : shared_members) item[key] = instance.*member;
    list.push_back(std::move(item));
  }
  return list;
}

Ec2Instances instances_from(const Json& json) {
  Ec2Instances instances;
  for (const auto& item : json) {
    Ec2Instance instance;
    for (const auto& [key, member] : shared_members) instance.*member = text_of(item, key);
    instances[instance.id] = std::move(instance);
  }
  return instances;
}

}  // namespace dm
