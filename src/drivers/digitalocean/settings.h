#pragma once
#include <string>
#include <vector>

#include "drivers/settings.h"

namespace dm {

/// The flag of open ports, without dashes.
inline constexpr const char* digitalocean_port_flag = "digitalocean-open-port";

/// What is set and known of a DigitalOcean machine, besides the common keys. Moments are seconds since 1970;
/// 0: never.
struct DigitalOceanSettings {
  std::string token;  ///< or a reference to it, see resolved_secret()
  long long droplet_id = 0;
  std::string droplet_name;  ///< the original's, which never used it
  std::string image;         ///< slug or number; empty: not chosen yet
  std::string region = "nyc3";
  long long key_id = 0;
  std::string key_fingerprint;  ///< of a key that the user had registered; empty: we register one
  std::string key_file;         ///< the user's private key, which is copied
  std::string size;             ///< slug; empty: not chosen yet
  bool ipv6 = false, backups = false, private_networking = false;
  std::string user_data;  ///< path
  bool monitoring = false;
  std::string tags;  ///< separated by commas

  std::string endpoint = "https://api.digitalocean.com";
  std::string vpc;
  std::string project;  ///< name or UUID
  std::vector<std::string> open_ports;
  bool wants_reserved_ip = false;

  std::string id;        ///< hexadecimal digits that no other machine has; empty: the original made it
  std::string store_id;  ///< of the store whose tag the droplet carries; empty: the original made it
  std::string own_key_fingerprint;  ///< of the key that we register, known before it is registered
  std::string project_id;
  long long droplet_requested = 0;  ///< from then on it may exist
  std::string firewall_id;
  long long firewall_requested = 0;
  std::string reserved_ip;
  long long reserved_ip_requested = 0;
  bool powered_off = false;  ///< as last seen
  std::string private_address, ipv6_address;
};

/// The flags that lie in the common part of the record.
struct DigitalOceanLogin {
  std::string user = "root";
  long long port = 22;
};

/// The one declaration of the settings; in the original's order as far as it knows them.
const SettingsTable<DigitalOceanSettings>& digitalocean_settings();
const SettingsTable<DigitalOceanLogin>& digitalocean_login();
/// Error(usage) for values that make no machine.
void check_values(const DigitalOceanSettings& settings, const DigitalOceanLogin& login);
/// The user's own tags.
std::vector<std::string> own_tags(const DigitalOceanSettings& settings);

}  // namespace dm
