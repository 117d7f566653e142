#pragma once
#include <string>
#include <vector>

#include "drivers/open_port.h"
#include "drivers/settings.h"

namespace dm {

/// What is set and known of an EC2 machine, besides the common keys. Names of keys are the original's and,
/// where a fork came first, the fork's.
struct Ec2Settings {
  std::string id;  ///< 32 hexadecimal digits; from it come the idempotency tokens
  std::string access_key, secret_key, session_token;  ///< as given, also references (see secret.h)
  std::string region = "us-east-1";
  std::string ami;  ///< the image that was chosen
  long long ssh_key_id = 0;
  bool existing_key = false;  ///< the key pair is the user's and stays
  std::string key_name;
  std::string instance_id, instance_type, private_address;
  std::string legacy_group_id, legacy_group_name;
  std::vector<std::string> group_ids, group_names{"docker-machine"};
  bool group_read_only = false;
  std::vector<std::string> open_ports;
  std::string tags, reservation_id, device_name = "/dev/sda1";
  long long root_size = 16;  ///< GiB
  std::string volume_type = "gp2";
  std::string instance_profile, vpc_id, subnet_id, zone;
  bool spot = false;
  std::string spot_price = "0.50";  ///< dollars an hour; empty: what it costs
  long long block_minutes = 0;
  bool private_only = false, use_private = false, ebs_optimized = false, monitoring = false;
  std::string private_key_path;
  long long retries = 5;
  std::string endpoint;
  bool insecure = false;
  std::string user_data_file;

  std::vector<std::string> instance_types{"t2.micro"}, subnet_ids, zones{"a"};
  std::string metadata_token = "required";
  long long metadata_hop_limit = 1;
  std::string http_tokens, http_endpoint = "enabled", http_protocol_ipv6 = "disabled";
  bool volume_encrypted = false, encrypt_ebs_volume = false;
  std::string volume_kms_key, kms_key;
  long long volume_iops = 0, volume_throughput = 0;
  bool use_fleet = false, spot_fallback = false;
  std::string launch_template, spot_strategy;
  long long ipv6_count = 0;
  bool primary_ipv6 = false, ipv6_only = false;
  std::string profile, tenancy, placement_group, elastic_ip;

  std::string store_id;                    ///< tags all that we make; empty: made by another program
  std::string image_name;                  ///< of the image that was chosen
  std::string key_pair_id;                 ///< of the key pair that we made
  std::vector<std::string> made_groups;    ///< ids of groups that carry this store's tag
  std::vector<std::string> opened_groups;  ///< "GROUP/STORE": groups of others where we opened ports
  std::string allocation_id;               ///< of the Elastic IP address in use
  bool address_made = false;               ///< that address was allocated by us
  std::string spot_request_id;
  std::string made_template_id;     ///< of our own launch template; "ID:VERSION": our version of the user's
  std::vector<std::string> making;  ///< kinds of what is being made, or was when we were killed
  long long making_since = 0;       ///< when the last of these was begun; seconds since 1970
};

/// The one declaration of the settings.
const SettingsTable<Ec2Settings>& ec2_settings();

/// How to log in, as flags; it lies in the common part of the record.
struct Ec2Login {
  std::string user = "ubuntu";
  long long port = 22;
};
const SettingsTable<Ec2Login>& ec2_login();

/// The settings that the flags make, with what the original would store where several values are allowed.
/// Error(usage) for values that make no machine. Asks nobody but the environment and AWS's files.
Ec2Settings ec2_settings_of(const FlagValues& values, const Services& services);

/// Error(usage) for values of settings that may change later.
void check_changeable(const Ec2Settings& settings);

/// Key and value of each of the user's own tags, out of "k1,v1,k2,v2".
std::vector<std::pair<std::string, std::string>> tags_of(const std::string& text);
/// Whether the text has a key without a value.
bool has_odd_tags(const std::string& text);

/// A group of somebody else where a store opened ports, as the record and a possession's id say it.
struct OpenedGroup {
  std::string group_id, store_id;
};
std::string text_of(const OpenedGroup& opened);
OpenedGroup opened_group(const std::string& text);

/// The ports that are to be open: SSH, the engine, swarm's master, the user's own.
std::vector<OpenPort> ports_of(const Ec2Settings& settings, const CommonSettings& common);

}  // namespace dm
