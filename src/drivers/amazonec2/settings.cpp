// The amazonec2 driver's settings.
#include "drivers/amazonec2/settings.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/aws_files.h"
#include "drivers/amazonec2/region.h"

namespace dm {
namespace {

using S = Ec2Settings;
using Row = Setting<Ec2Settings>;

Row kept(const char* key, Row::Member member) { return {.key = key, .member = member}; }

Row flag(const char* key, Row::Member member, const char* name, const char* variable, const char* help) {
  return {.key = key,
          .member = member,
          .flag = std::string("amazonec2-") + name,
          .variable = variable,
          .help = help};
}

Row secret(const char* key, Row::Member member, const char* name, const char* variable, const char* help) {
  Row row = flag(key, member, name, variable, help);
  row.secret = true;
  return row;
}

/// What says how EC2 is reached.
Row account(Row row) { return changing(Change::account, std::move(row)); }
/// What EC2 is told when it changes.
Row applied(Row row) { return changing(Change::applied, std::move(row)); }

/// The original's keys, in the order of its files.
std::vector<Row> rows_of_the_original() {
  return {
      kept("Id", &S::id),
      account(secret("AccessKey", &S::access_key, "access-key", "AWS_ACCESS_KEY_ID", "AWS access key")),
      account(secret("SecretKey", &S::secret_key, "secret-key", "AWS_SECRET_ACCESS_KEY", "AWS secret key")),
      account(secret("SessionToken", &S::session_token, "session-token", "AWS_SESSION_TOKEN",
                     "AWS session token")),
      flag("Region", &S::region, "region", "AWS_DEFAULT_REGION", "AWS region"),
      flag("AMI", &S::ami, "ami", "AWS_AMI",
           "Image: an id, or ubuntu or debian for the newest (default: ubuntu)"),
      kept("SSHKeyID", &S::ssh_key_id),
      kept("ExistingKey", &S::existing_key),
      flag("KeyName", &S::key_name, "keypair-name", "AWS_KEYPAIR_NAME",
           "Existing key pair to use; needs --amazonec2-ssh-keypath"),
      kept("InstanceId", &S::instance_id),
      kept("InstanceType", &S::instance_type),
      kept("PrivateIPAddress", &S::private_address),
      kept("SecurityGroupId", &S::legacy_group_id),
      kept("SecurityGroupIds", &S::group_ids),
      kept("SecurityGroupName", &S::legacy_group_name),
      flag("SecurityGroupNames", &S::group_names, "security-group", "AWS_SECURITY_GROUP",
           "Security group, by its name or id; made if there is none of that name"),
      flag("SecurityGroupReadOnly", &S::group_read_only, "security-group-readonly",
           "AWS_SECURITY_GROUP_READONLY", "Make no security group, and open nothing in those that are there"),
      applied(flag("OpenPorts", &S::open_ports, "open-port", "",
                   "Make the port reachable from the Internet, as PORT[/PROTO]")),
      applied(flag("Tags", &S::tags, "tags", "AWS_TAGS",
                   "Tags for all that is made, as key1,value1,key2,value2")),
      kept("ReservationId", &S::reservation_id),
      flag("DeviceName", &S::device_name, "device-name", "AWS_DEVICE_NAME",
           "Name of the root device (default: what the image says)"),
      flag("RootSize", &S::root_size, "root-size", "AWS_ROOT_SIZE", "Size of the root disk in GB"),
      flag("VolumeType", &S::volume_type, "volume-type", "AWS_VOLUME_TYPE",
           "Type of the root disk: gp2, gp3, io1, io2, ..."),
      flag("IamInstanceProfile", &S::instance_profile, "iam-instance-profile", "AWS_INSTANCE_PROFILE",
           "IAM instance profile, by its name or ARN"),
      flag("VpcId", &S::vpc_id, "vpc-id", "AWS_VPC_ID", "VPC (default: the account's default VPC)"),
      kept("SubnetId", &S::subnet_id),
      kept("Zone", &S::zone),
      flag("RequestSpotInstance", &S::spot, "request-spot-instance", "", "Use a spot instance"),
      flag("SpotPrice", &S::spot_price, "spot-price", "",
           "Most that a spot instance may cost, in dollars an hour; empty: whatever it costs"),
      flag("BlockDurationMinutes", &S::block_minutes, "block-duration-minutes", "",
           "Minutes that a spot instance runs for; AWS offers this to few accounts"),
      flag("PrivateIPOnly", &S::private_only, "private-address-only", "",
           "Give the machine no public address"),
      flag("UsePrivateIP", &S::use_private, "use-private-address", "",
           "Talk to the machine at its private address"),
      flag("UseEbsOptimizedInstance", &S::ebs_optimized, "use-ebs-optimized-instance", "",
           "Ask for an EBS optimized instance"),
      flag("Monitoring", &S::monitoring, "monitoring", "", "Switch detailed monitoring on"),
      flag("SSHPrivateKeyPath", &S::private_key_path, "ssh-keypath", "AWS_SSH_KEYPATH",
           "Private key to log in with; its public key is at the same path with .pub"),
      changing(Change::noted, flag("RetryCount", &S::retries, "retries", "",
                                   "How often a call is repeated after a failure of the network or of AWS")),
      flag("Endpoint", &S::endpoint, "endpoint", "AWS_ENDPOINT", "Host or URL of another EC2 API"),
      flag("DisableSSL", &S::insecure, "insecure-transport", "AWS_INSECURE_TRANSPORT",
           "Talk to that endpoint without TLS"),
      flag("UserDataFile", &S::user_data_file, "userdata", "AWS_USERDATA",
           "File with cloud-init user-data of your own, which is merged"),
  };
}

/// The flags that forks added, and ours.
std::vector<Row> further_flags() {
  return {
      flag("InstanceTypes", &S::instance_types, "instance-type", "AWS_INSTANCE_TYPE",
           "Instance type; of several the first that can be had"),
      flag("SubnetIds", &S::subnet_ids, "subnet-id", "AWS_SUBNET_ID",
           "Subnet; of several the first where there is room"),
      flag("Zones", &S::zones, "zone", "AWS_ZONE",
           "Zone, as its letter or whole name; where none is given, any that has what is needed"),
      flag("MetadataTokenSetting", &S::metadata_token, "metadata-token", "",
           "Whether the metadata service wants a token (IMDSv2): required or optional"),
      flag("MetadataTokenResponseHopLimit", &S::metadata_hop_limit, "metadata-token-response-hop-limit", "",
           "Network hops that such a token may go; containers need 2"),
      flag("HttpEndpoint", &S::http_endpoint, "http-endpoint", "AWS_HTTP_ENDPOINT",
           "The metadata service: enabled or disabled"),
      flag("HttpTokens", &S::http_tokens, "http-tokens", "AWS_HTTP_TOKENS",
           "Another name of --amazonec2-metadata-token"),
      flag("HttpProtocolIpv6", &S::http_protocol_ipv6, "http-protocol-ipv6", "AWS_HTTP_PROTOCOL_IPV6",
           "The metadata service over IPv6: enabled or disabled"),
      flag("VolumeEncrypted", &S::volume_encrypted, "volume-encrypted", "", "Encrypt the root disk"),
      flag("EncryptEbsVolume", &S::encrypt_ebs_volume, "encrypt-ebs-volume", "AWS_ENCRYPT_EBS_VOLUME",
           "Another name of --amazonec2-volume-encrypted"),
      flag("VolumeKmsKey", &S::volume_kms_key, "volume-kms-key", "AWS_VOLUME_KMS_KEY",
           "KMS key to encrypt the root disk with: id, ARN or alias"),
      flag("KmsKey", &S::kms_key, "kms-key", "AWS_KMS_KEY", "Another name of --amazonec2-volume-kms-key"),
      flag("VolumeIops", &S::volume_iops, "volume-iops", "AWS_VOLUME_IOPS",
           "Operations per second of the root disk (gp3, io1, io2)"),
      flag("VolumeThroughput", &S::volume_throughput, "volume-throughput", "AWS_VOLUME_THROUGHPUT",
           "Throughput of the root disk in MiB per second (gp3)"),
      flag("LaunchTemplate", &S::launch_template, "launch-template", "AWS_LAUNCH_TEMPLATE",
           "Launch template, by its id or name, with :VERSION if not the default one"),
      flag("UseFleet", &S::use_fleet, "use-fleet", "",
           "Let CreateFleet choose among instance types and subnets"),
      flag("SpotAllocationStrategy", &S::spot_strategy, "spot-allocation-strategy", "",
           "How a fleet chooses spot instances, e.g. price-capacity-optimized"),
      flag("SpotFallback", &S::spot_fallback, "spot-fallback", "",
           "Take an on-demand instance if no spot instance can be had"),
      flag("Ipv6AddressCount", &S::ipv6_count, "ipv6-address-count", "AWS_IPV6_ADDRESS_COUNT",
           "Number of IPv6 addresses"),
      flag("EnablePrimaryIpv6", &S::primary_ipv6, "enable-primary-ipv6", "AWS_ENABLE_PRIMARY_IPV6",
           "Make the first IPv6 address the primary one"),
      flag("Ipv6AddressOnly", &S::ipv6_only, "ipv6-address-only", "AWS_IPV6_ADDRESS_ONLY",
           "Talk to the machine at its IPv6 address, and give it no public IPv4 address"),
      account(flag("Profile", &S::profile, "profile", "AWS_PROFILE", "Profile of AWS's shared files")),
      flag("Tenancy", &S::tenancy, "tenancy", "AWS_TENANCY", "Tenancy: default, dedicated or host"),
      flag("PlacementGroup", &S::placement_group, "placement-group", "AWS_PLACEMENT_GROUP",
           "Placement group, by its name"),
      flag("ElasticIp", &S::elastic_ip, "elastic-ip", "AWS_ELASTIC_IP",
           "Elastic IP address: allocate, or the id of an allocation"),
  };
}

std::vector<Row> rows_of_what_is_made() {
  return {
      kept("StoreId", &S::store_id),
      kept("ImageName", &S::image_name),
      kept("KeyPairId", &S::key_pair_id),
      kept("MadeSecurityGroupIds", &S::made_groups),
      kept("OpenedSecurityGroupIds", &S::opened_groups),
      kept("AllocationId", &S::allocation_id),
      kept("AddressMade", &S::address_made),
      kept("SpotInstanceRequestId", &S::spot_request_id),
      kept("MadeLaunchTemplateId", &S::made_template_id),
      kept("Making", &S::making),
      kept("MakingSince", &S::making_since),
  };
}

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::usage); }

void expect_one_of(const char* flag, const std::string& value, std::vector<std::string> allowed) {
  if (std::ranges::find(allowed, value) != allowed.end()) return;
  std::erase(allowed, "");
  refuse(fmt::format("--amazonec2-{} \"{}\" is not known: give {}", flag, value, join(allowed, ", ")));
}

void check_region_and_key_pair(const Ec2Settings& settings) {
  if (settings.endpoint.empty() && !is_region(settings.region)) {
    refuse(fmt::format("Invalid region specified: \"{}\" is none; see --amazonec2-region", settings.region));
  }
  if (settings.insecure && settings.endpoint.empty())
    refuse("using --amazonec2-insecure-transport also requires --amazonec2-endpoint");
  if (!settings.key_name.empty() && settings.private_key_path.empty())
    refuse("using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath");
}

void check_keys(const Ec2Settings& settings) {
  if (settings.access_key.empty() != settings.secret_key.empty())
    refuse("--amazonec2-access-key and --amazonec2-secret-key belong together: give both, or none");
}

void check_disk(const Ec2Settings& settings) {
  if (settings.root_size < 0) refuse(fmt::format("--amazonec2-root-size {} is no size", settings.root_size));
  const std::string& type = settings.volume_type;
  if (settings.volume_iops < 0 || settings.volume_throughput < 0)
    refuse("--amazonec2-volume-iops and --amazonec2-volume-throughput are numbers above 0");
  if (settings.volume_iops > 0 && type != "gp3" && type != "io1" && type != "io2")
    refuse(fmt::format("--amazonec2-volume-iops is for gp3, io1 and io2, not for {}", type));
  if (settings.volume_throughput > 0 && type != "gp3")
    refuse(fmt::format("--amazonec2-volume-throughput is for gp3, not for {}", type));
}

void check_options(const Ec2Settings& settings) {
  expect_one_of("metadata-token", settings.metadata_token, {"required", "optional"});
  expect_one_of("http-tokens", settings.http_tokens, {"", "required", "optional"});
  expect_one_of("http-endpoint", settings.http_endpoint, {"enabled", "disabled"});
  expect_one_of("http-protocol-ipv6", settings.http_protocol_ipv6, {"enabled", "disabled"});
  expect_one_of("tenancy", settings.tenancy, {"", "default", "dedicated", "host"});
  if (settings.metadata_hop_limit < 1 || settings.metadata_hop_limit > 64)
    refuse("--amazonec2-metadata-token-response-hop-limit is a number from 1 to 64");
  if (settings.ipv6_only && settings.ipv6_count < 1)
    refuse("--amazonec2-ipv6-address-only needs --amazonec2-ipv6-address-count");
  if (settings.primary_ipv6 && settings.ipv6_count < 1)
    refuse("--amazonec2-enable-primary-ipv6 needs --amazonec2-ipv6-address-count");
  if (!settings.elastic_ip.empty() && settings.elastic_ip != "allocate" &&
      !settings.elastic_ip.starts_with("eipalloc-"))
    refuse(
        fmt::format("--amazonec2-elastic-ip \"{}\" is not known: give allocate, or the id of an allocation",
                    settings.elastic_ip));
  if (!settings.elastic_ip.empty() && (settings.private_only || settings.ipv6_only))
    refuse(
        "--amazonec2-elastic-ip is a public address: it does not go with --amazonec2-private-address-only "
        "or --amazonec2-ipv6-address-only");
  if (settings.spot_fallback && !settings.spot)
    refuse("--amazonec2-spot-fallback needs --amazonec2-request-spot-instance");
  for (const auto& text : settings.open_ports) parse_open_port("amazonec2-open-port", text);
}

/// What a launch template says is left to it, unless the user says otherwise.
void leave_to_template(Ec2Settings& settings, const FlagValues& values) {
  const auto given = [&](const char* flag) { return values.given(std::string("amazonec2-") + flag); };
  if (!given("instance-type")) settings.instance_types.clear();
  if (!given("security-group")) settings.group_names.clear();
  if (!given("root-size")) settings.root_size = 0;
  if (!given("volume-type")) settings.volume_type.clear();
}

void take_first_values(Ec2Settings& settings) {
  const auto first = [](const std::vector<std::string>& values) { return values.empty() ? "" : values[0]; };
  settings.instance_type = first(settings.instance_types);
  settings.subnet_id = first(settings.subnet_ids);
  settings.zone = first(settings.zones);
}

}  // namespace

const SettingsTable<Ec2Settings>& ec2_settings() {
  static const SettingsTable<Ec2Settings> table("amazonec2", [] {
    auto rows = rows_of_the_original();
    for (auto& row : further_flags()) rows.push_back(std::move(row));
    for (auto& row : rows_of_what_is_made()) rows.push_back(std::move(row));
    return rows;
  }());
  return table;
}

const SettingsTable<Ec2Login>& ec2_login() {
  static const SettingsTable<Ec2Login> table("amazonec2",
                                             {{.key = "SSHPort",
                                               .member = &Ec2Login::port,
                                               .flag = "amazonec2-ssh-port",
                                               .variable = "AWS_SSH_PORT",
                                               .help = "SSH port",
                                               .change = Change::login},
                                              {.key = "SSHUser",
                                               .member = &Ec2Login::user,
                                               .flag = "amazonec2-ssh-user",
                                               .variable = "AWS_SSH_USER",
                                               .help = "Name of the user that is made on the machine",
                                               .change = Change::login}});
  return table;
}

Ec2Settings ec2_settings_of(const FlagValues& values, const Services& services) {
  Ec2Settings settings = ec2_settings().from_flags(values);
  const auto empty_ones = [](const std::string& value) { return value.empty(); };
  for (auto* list : {&settings.instance_types, &settings.subnet_ids, &settings.zones, &settings.group_names})
    std::erase_if(*list, empty_ones);
  if (!values.given("amazonec2-region")) {
    settings.region = default_region(services.environment, settings.profile).value_or(settings.region);
  }
  if (!values.given("amazonec2-zone")) settings.zones.clear();
  if (!values.given("amazonec2-device-name")) settings.device_name.clear();
  if (!settings.launch_template.empty()) leave_to_template(settings, values);
  settings.existing_key = !settings.key_name.empty();
  settings.retries = std::max(settings.retries, 0LL);
  check_region_and_key_pair(settings);
  check_keys(settings);
  check_disk(settings);
  check_options(settings);
  take_first_values(settings);
  settings.id = random_hex(32);
  return settings;
}

void check_changeable(const Ec2Settings& settings) {
  check_keys(settings);
  for (const auto& text : settings.open_ports) parse_open_port("amazonec2-open-port", text);
  if (has_odd_tags(settings.tags))
    refuse(fmt::format("--amazonec2-tags \"{}\" has a key without a value", settings.tags));
}

std::vector<std::pair<std::string, std::string>> tags_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> tags;
  if (text.empty()) return tags;
  const auto parts = split(text, ',');
  for (size_t i = 0; i + 1 < parts.size(); i += 2) tags.emplace_back(parts[i], parts[i + 1]);
  return tags;
}

bool has_odd_tags(const std::string& text) { return !text.empty() && split(text, ',').size() % 2 == 1; }

std::string text_of(const OpenedGroup& opened) { return opened.group_id + "/" + opened.store_id; }

OpenedGroup opened_group(const std::string& text) {
  const auto slash = text.find('/');
  return {text.substr(0, slash), slash == std::string::npos ? "" : text.substr(slash + 1)};
}

std::vector<OpenPort> ports_of(const Ec2Settings& settings, const CommonSettings& common) {
  std::vector<OpenPort> ports{{.port = static_cast<int>(common.ssh_port)}, {.port = default_engine_port}};
  if (common.swarm_master) {
    const auto swarm = parse_docker_url(common.swarm_host);
    if (!swarm || swarm->port == 0) refuse("the swarm host \"" + common.swarm_host + "\" has no port");
    ports.push_back({.port = swarm->port});
  }
  for (const auto& text : settings.open_ports) ports.push_back(parse_open_port("amazonec2-open-port", text));
  return ports;
}

}  // namespace dm
