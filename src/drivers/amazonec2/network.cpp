// Subnets, zones, and what is offered there.
#include "drivers/amazonec2/network.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/shared_answer.h"

namespace dm {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::check_failed); }

std::vector<std::string> zone_names(const Ec2Settings& settings) {
  std::vector<std::string> names;
  for (const auto& zone : settings.zones) names.push_back(zone_name(settings.region, zone));
  return names;
}

QueryParameters question(const Ec2Settings& settings) {
  QueryParameters parameters;
  if (!settings.subnet_ids.empty()) return parameters.add_filter("subnet-id", settings.subnet_ids);
  parameters.add_filter("availability-zone", zone_names(settings));
  if (settings.vpc_id.empty()) return parameters.add_filter("default-for-az", {"true"});
  return parameters.add_filter("vpc-id", {settings.vpc_id});
}

/// The original's words for what is not there.
[[noreturn]] void refuse_nothing_found(const Ec2Settings& settings) {
  if (!settings.subnet_ids.empty()) {
    refuse(
        "The desired subnet could not be located in this region. Is '--amazonec2-subnet-id' or "
        "AWS_SUBNET_ID configured correctly?");
  }
  const std::string zones = join(zone_names(settings), ", ");
  if (!settings.vpc_id.empty()) {
    refuse(zones.empty() ? fmt::format("unable to find a subnet belonging to VPC ID {}", settings.vpc_id)
                         : fmt::format("unable to find a subnet that is both in the zone {} and belonging to "
                                       "VPC ID {}",
                                       zones, settings.vpc_id));
  }
  refuse(fmt::format(
      "amazonec2 driver requires either the --amazonec2-subnet-id or --amazonec2-vpc-id option or an AWS "
      "Account with a default vpc-id{}",
      zones.empty() ? "" : fmt::format(" and a default subnet in the zone {}", zones)));
}

template <typename Value>
size_t rank(const std::vector<Value>& values, const Value& value) {
  return static_cast<size_t>(std::ranges::find(values, value) - values.begin());
}

/// One place of each zone, the default one or the roomiest, unless subnets were named.
std::vector<Ec2Place> ordered(std::vector<Ec2Place> places, const Ec2Settings& settings) {
  if (!settings.subnet_ids.empty()) {
    std::ranges::sort(places, {},
                      [&](const Ec2Place& place) { return rank(settings.subnet_ids, place.subnet_id); });
    return places;
  }
  const auto zones = zone_names(settings);
  std::ranges::sort(places, {}, [&](const Ec2Place& place) {
    return std::tuple(rank(zones, place.zone), place.zone, !place.is_default, -place.room, place.subnet_id);
  });
  const auto of_one_zone = [](const Ec2Place& one, const Ec2Place& other) { return one.zone == other.zone; };
  places.erase(std::unique(places.begin(), places.end(), of_one_zone), places.end());
  return places;
}

std::map<std::string, std::vector<std::string>> architectures_of(const QueryClient& ec2,
                                                                 const std::vector<std::string>& types,
                                                                 Task& task) {
  QueryParameters parameters;
  parameters.add_list("InstanceType", types);
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& node : ec2.call("DescribeInstanceTypes", parameters, task).items("instanceTypeSet")) {
    auto& architectures = found[text_at(node, "instanceType")];
    for (const auto& item : items_of(node, "processorInfo/supportedArchitectures"))
      architectures.emplace_back(item.text().as_string());
  }
  return found;
}

std::map<std::string, std::set<std::string>> zones_offering(const QueryClient& ec2,
                                                            const std::vector<std::string>& types,
                                                            Task& task) {
  QueryParameters parameters;
  parameters.add("LocationType", std::string("availability-zone")).add_filter("instance-type", types);
  std::map<std::string, std::set<std::string>> found;
  for (const auto& page : ec2.call_pages("DescribeInstanceTypeOfferings", parameters, task)) {
    for (const auto& node : page.items("instanceTypeOfferingSet"))
      found[text_at(node, "instanceType")].insert(text_at(node, "location"));
  }
  return found;
}

}  // namespace

std::string zone_name(const std::string& region, const std::string& zone) {
  return zone.size() == 1 ? region + zone : zone;
}

std::vector<Ec2Place> find_places(const QueryClient& ec2, const Ec2Settings& settings, Task& task) {
  std::vector<Ec2Place> places;
  const XmlAnswer answer = ec2.call("DescribeSubnets", question(settings), task);
  for (const auto& node : answer.items("subnetSet")) {
    Ec2Place place{.subnet_id = text_at(node, "subnetId"),
                   .vpc_id = text_at(node, "vpcId"),
                   .zone = text_at(node, "availabilityZone"),
                   .is_default = text_at(node, "defaultForAz") == "true",
                   .room = number_or_minus_one(text_at(node, "availableIpAddressCount"))};
    if (!settings.vpc_id.empty() && place.vpc_id != settings.vpc_id)
      refuse(fmt::format("SubnetId: {} does not belong to VpcId: {}", place.subnet_id, settings.vpc_id));
    places.push_back(std::move(place));
  }
  for (const auto& wanted : settings.subnet_ids) {
    if (std::ranges::find(places, wanted, &Ec2Place::subnet_id) == places.end())
      refuse_nothing_found(settings);
  }
  if (places.empty()) refuse_nothing_found(settings);
  const auto zones = zone_names(settings);
  // A subnet decides on the zone; who named both has to mean the same.
  std::erase_if(places, [&](const Ec2Place& place) {
    return !zones.empty() && std::ranges::find(zones, place.zone) == zones.end();
  });
  if (places.empty())
    refuse(fmt::format("the subnet {} is not in the zone {}", join(settings.subnet_ids, ", "),
                       join(zones, ", ")));
  for (const auto& place : places) {
    if (place.vpc_id != places[0].vpc_id)
      refuse(fmt::format("the subnets {} and {} belong to different VPCs", places[0].subnet_id,
                         place.subnet_id));
  }
  return ordered(std::move(places), settings);
}

std::map<std::string, Ec2Type> find_types(const QueryClient& ec2, const std::vector<std::string>& types,
                                          const std::string& region, const std::string& account,
                                          const fs::path& folder, Task& task) {
  const Json answer =
      shared_answer(folder, account + " types " + join(types, " "), std::chrono::hours(24), task, [&] {
        Json found = zones_offering(ec2, types, task);
        // A refusal is not remembered: more is offered every day.
        for (const auto& type : types) {
          if (found.contains(type)) continue;
          refuse(fmt::format(
              "the instance type {} is not offered in {}: give another --amazonec2-instance-type, "
              "e.g. t3.micro or t4g.micro",
              type, region));
        }
        return Json{{"zones", found}, {"architectures", architectures_of(ec2, types, task)}};
      });
  std::map<std::string, Ec2Type> found;
  for (const auto& type : types) {
    found[type] = {.architectures = answer["architectures"].value(type, std::vector<std::string>()),
                   .zones = answer["zones"].value(type, std::set<std::string>())};
  }
  return found;
}

}  // namespace dm
