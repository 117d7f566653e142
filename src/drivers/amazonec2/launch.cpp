// How an instance is described to EC2.
#include "drivers/amazonec2/launch.h"

#include <algorithm>
#include <array>

namespace dm {
namespace {

/// Enough for several types in all zones of a region.
constexpr size_t most_attempts = 40;

bool is_one_of(const std::string& code, std::initializer_list<const char*> codes) {
  return std::ranges::any_of(codes, [&](const char* other) { return code == other; });
}

bool has_disk_settings(const Ec2Settings& settings) {
  return settings.root_size > 0 || !settings.volume_type.empty() || settings.volume_encrypted ||
         settings.encrypt_ebs_volume || settings.volume_iops > 0 || settings.volume_throughput > 0 ||
         !settings.volume_kms_key.empty() || !settings.kms_key.empty();
}

void describe_disks(QueryParameters& parameters, const Ec2Settings& settings, const Ec2Image& image,
                    const std::string& prefix) {
  const std::string device = settings.device_name.empty() ? image.root_device : settings.device_name;
  if (has_disk_settings(settings) && !device.empty()) {
    const std::string start = prefix + "BlockDeviceMapping.1.", disk = start + "Ebs.";
    const std::string& key = settings.volume_kms_key.empty() ? settings.kms_key : settings.volume_kms_key;
    parameters.add(start + "DeviceName", device);
    if (settings.root_size > 0)
      parameters.add(disk + "VolumeSize", std::max(settings.root_size, image.root_size));
    if (!settings.volume_type.empty()) parameters.add(disk + "VolumeType", settings.volume_type);
    if (settings.volume_iops > 0) parameters.add(disk + "Iops", settings.volume_iops);
    if (settings.volume_throughput > 0) parameters.add(disk + "Throughput", settings.volume_throughput);
    if (settings.volume_encrypted || settings.encrypt_ebs_volume || !key.empty())
      parameters.add(disk + "Encrypted", true);
    if (!key.empty()) parameters.add(disk + "KmsKeyId", key);
    parameters.add(disk + "DeleteOnTermination", true);
  }
  // Or else they would stay, and be paid for, when the machine is gone.
  int number = 1;
  for (const auto& name : image.further_disks) {
    const std::string start = prefix + "BlockDeviceMapping." + std::to_string(++number) + ".";
    parameters.add(start + "DeviceName", name).add(start + "Ebs.DeleteOnTermination", true);
  }
}

void describe_metadata(QueryParameters& parameters, const Ec2Settings& settings, const std::string& prefix) {
  const std::string start = prefix + "MetadataOptions.";
  parameters.add(start + "HttpTokens",
                 settings.http_tokens.empty() ? settings.metadata_token : settings.http_tokens);
  parameters.add(start + "HttpPutResponseHopLimit", settings.metadata_hop_limit);
  parameters.add(start + "HttpEndpoint", settings.http_endpoint);
  if (settings.http_protocol_ipv6 == "enabled")
    parameters.add(start + "HttpProtocolIpv6", settings.http_protocol_ipv6);
}

void describe_placement(QueryParameters& parameters, const Ec2Settings& settings, const std::string& prefix) {
  if (!settings.tenancy.empty()) parameters.add(prefix + "Placement.Tenancy", settings.tenancy);
  if (!settings.placement_group.empty())
    parameters.add(prefix + "Placement.GroupName", settings.placement_group);
}

void describe_market(QueryParameters& parameters, const Ec2Settings& settings) {
  const std::string start = "InstanceMarketOptions.", spot = start + "SpotOptions.";
  parameters.add(start + "MarketType", std::string("spot"));
  if (!settings.spot_price.empty()) parameters.add(spot + "MaxPrice", settings.spot_price);
  parameters.add(spot + "SpotInstanceType", std::string("one-time"));
  if (settings.block_minutes > 0) parameters.add(spot + "BlockDurationMinutes", settings.block_minutes);
  parameters.add(spot + "InstanceInterruptionBehavior", std::string("terminate"));
}

/// Security groups and public addresses can only be said together at a network interface.
void describe_interface(QueryParameters& parameters, const Ec2Settings& settings,
                        const LaunchContent& content, const std::string& subnet_id,
                        const std::string& prefix) {
  const std::string start = prefix + "NetworkInterface.1.";
  const bool is_public = !settings.private_only && !settings.ipv6_only && settings.elastic_ip.empty();
  parameters.add(start + "DeviceIndex", 0LL);
  if (!subnet_id.empty()) parameters.add(start + "SubnetId", subnet_id);
  parameters.add_list(start + "SecurityGroupId", content.group_ids);
  parameters.add(start + "AssociatePublicIpAddress", is_public);
  parameters.add(start + "DeleteOnTermination", true);
  if (settings.ipv6_count > 0) parameters.add(start + "Ipv6AddressCount", settings.ipv6_count);
  if (settings.primary_ipv6) parameters.add(start + "PrimaryIpv6", true);
}

}  // namespace

std::vector<LaunchAttempt> attempts_of(const Ec2Plan& plan, const Ec2Settings& settings) {
  std::vector<Market> markets{settings.spot ? Market::spot : Market::on_demand};
  if (settings.spot && settings.spot_fallback) markets.push_back(Market::on_demand);
  std::vector<LaunchAttempt> attempts;
  for (const Market market : markets) {
    for (const auto& type : plan.types) {
      for (const auto& place : plan.places) {
        const bool offered = place.zone.empty() || plan.type_facts.at(type).zones.contains(place.zone);
        if (offered) attempts.push_back({type, place, market});
      }
    }
  }
  attempts.resize(std::min(attempts.size(), most_attempts));
  return attempts;
}

bool is_worth_another_attempt(const AwsError& error) {
  return is_quota(error) ||
         is_one_of(error.code(), {"InsufficientInstanceCapacity", "InsufficientHostCapacity",
                                  "InsufficientCapacity", "InsufficientFreeAddressesInSubnet", "Unsupported",
                                  "SpotMaxPriceTooLow", "InvalidInstanceType"});
}

bool is_quota(const AwsError& error) {
  return is_one_of(error.code(), {"VcpuLimitExceeded", "InstanceLimitExceeded",
                                  "MaxSpotInstanceCountExceeded", "AddressLimitExceeded",
                                  "SecurityGroupLimitExceeded", "RulesPerSecurityGroupLimitExceeded",
                                  "VolumeLimitExceeded", "MaxIOPSLimitExceeded", "ResourceLimitExceeded"});
}

void describe_instance(QueryParameters& parameters, const Ec2Settings& settings, const Ec2Plan& plan,
                       const LaunchContent& content, const std::string& prefix) {
  if (!plan.image.id.empty()) parameters.add(prefix + "ImageId", plan.image.id);
  if (!content.key_name.empty()) parameters.add(prefix + "KeyName", content.key_name);
  if (settings.monitoring) parameters.add(prefix + "Monitoring.Enabled", true);
  if (settings.ebs_optimized) parameters.add(prefix + "EbsOptimized", true);
  if (!settings.instance_profile.empty()) {
    const bool is_arn = settings.instance_profile.starts_with("arn:");
    parameters.add(prefix + (is_arn ? "IamInstanceProfile.Arn" : "IamInstanceProfile.Name"),
                   settings.instance_profile);
  }
  describe_disks(parameters, settings, plan.image, prefix);
  describe_metadata(parameters, settings, prefix);
  describe_placement(parameters, settings, prefix);
  parameters.add(prefix + "UserData", content.user_data);
  if (!plan.groups_by_template() && !prefix.empty())
    describe_interface(parameters, settings, content, "", prefix);
  for (const char* kind : {"instance", "volume", "network-interface"})
    parameters.add_tags(kind, content.tags, prefix);
}

QueryParameters run_parameters(const Ec2Settings& settings, const Ec2Plan& plan, const LaunchContent& content,
                               const LaunchAttempt& attempt) {
  QueryParameters parameters;
  parameters.add("MinCount", 1LL).add("MaxCount", 1LL);
  if (plan.launch_template) {
    parameters.add("LaunchTemplate.LaunchTemplateId", plan.launch_template->id);
    parameters.add("LaunchTemplate.Version", plan.launch_template->version);
  }
  parameters.add("InstanceType", attempt.type);
  if (!attempt.place.zone.empty()) parameters.add("Placement.AvailabilityZone", attempt.place.zone);
  describe_instance(parameters, settings, plan, content);
  if (!plan.groups_by_template()) {
    describe_interface(parameters, settings, content, attempt.place.subnet_id, "");
  } else if (!attempt.place.subnet_id.empty()) {
    parameters.add("SubnetId", attempt.place.subnet_id);
  }
  if (attempt.market == Market::spot) {
    describe_market(parameters, settings);
    parameters.add_tags("spot-instances-request", content.tags);
  }
  return parameters;
}

}  // namespace dm
