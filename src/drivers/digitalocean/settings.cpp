// The digitalocean driver's settings.
#include "drivers/digitalocean/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "drivers/open_port.h"

namespace dm {
namespace {

using S = DigitalOceanSettings;
using Row = Setting<S>;

Row flag_row(const char* key, Row::Member member, const std::string& flag, const char* variable,
             const char* help) {
  return {.key = key,
          .member = member,
          .flag = "digitalocean-" + flag,
          .variable = std::string("DIGITALOCEAN_") + variable,
          .help = help};
}

Row kept_row(const char* key, Row::Member member) { return {.key = key, .member = member}; }

std::vector<Row> original_rows() {
  Row token = flag_row("AccessToken", &S::token, "access-token", "ACCESS_TOKEN",
                       "Digital Ocean access token, or where it is: env:NAME, file:PATH, command:LINE");
  token.required = true;
  token.secret = true;
  token.change = Change::account;
  return {
      token,
      kept_row("DropletID", &S::droplet_id),
      kept_row("DropletName", &S::droplet_name),
      flag_row("Image", &S::image, "image", "IMAGE", "Digital Ocean image (default: the newest Ubuntu LTS)"),
      flag_row("Region", &S::region, "region", "REGION", "Digital Ocean region"),
      kept_row("SSHKeyID", &S::key_id),
      flag_row("SSHKeyFingerprint", &S::key_fingerprint, "ssh-key-fingerprint", "SSH_KEY_FINGERPRINT",
               "Fingerprint of a key that is registered already; none is made then"),
      flag_row("SSHKey", &S::key_file, "ssh-key-path", "SSH_KEY_PATH",
               "Private key file of that fingerprint"),
      flag_row("Size", &S::size, "size", "SIZE",
               "Digital Ocean size (default: the cheapest one with 1 GB of memory in the region)"),
      flag_row("IPv6", &S::ipv6, "ipv6", "IPV6", "Enable IPv6 for the droplet"),
      flag_row("Backups", &S::backups, "backups", "BACKUPS", "Enable backups for the droplet"),
      flag_row("PrivateNetworking", &S::private_networking, "private-networking", "PRIVATE_NETWORKING",
               "Enable private networking for the droplet"),
      flag_row("UserDataFile", &S::user_data, "userdata", "USERDATA",
               "File with cloud-init user-data of your own, which is merged"),
      flag_row("Monitoring", &S::monitoring, "monitoring", "MONITORING", "Enable monitoring for the droplet"),
      changing(Change::applied,
               flag_row("Tags", &S::tags, "tags", "TAGS", "Tags of the droplet, separated by commas")),
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = original_rows();
  const std::vector<Row> ours{
      changing(Change::account,
               flag_row("APIEndpoint", &S::endpoint, "api-endpoint", "API_ENDPOINT", "URL of the API")),
      flag_row("VPCUUID", &S::vpc, "vpc-uuid", "VPC_UUID",
               "VPC that the droplet belongs to (default: the region's)"),
      flag_row("Project", &S::project, "project", "PROJECT",
               "Project that the droplet belongs to, by its name or UUID (default: the account's)"),
      changing(Change::applied,
               flag_row("OpenPorts", &S::open_ports, "open-port", "OPEN_PORT",
                        "Make a firewall that lets in only SSH, the engine and this port, as PORT[/PROTO]")),
      flag_row("ReservedIPWanted", &S::wants_reserved_ip, "reserved-ip", "RESERVED_IP",
               "Give the droplet a reserved IP as its address"),
      kept_row("Id", &S::id),
      kept_row("StoreID", &S::store_id),
      kept_row("OwnKeyFingerprint", &S::own_key_fingerprint),
      kept_row("ProjectID", &S::project_id),
      kept_row("DropletRequested", &S::droplet_requested),
      kept_row("FirewallID", &S::firewall_id),
      kept_row("FirewallRequested", &S::firewall_requested),
      kept_row("ReservedIP", &S::reserved_ip),
      kept_row("ReservedIPRequested", &S::reserved_ip_requested),
      kept_row("PoweredOff", &S::powered_off),
      kept_row("PrivateIPAddress", &S::private_address),
      kept_row("IPv6Address", &S::ipv6_address),
  };
  rows.insert(rows.end(), ours.begin(), ours.end());
  return rows;
}

void refuse(const std::string& text) { throw Error(text, Reason::usage); }

void check_tag(const std::string& tag) {
  const bool plain = std::ranges::all_of(tag, [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == ':' || letter == '-' ||
           letter == '_';
  });
  if (!plain || tag.size() > 255) {
    refuse(fmt::format("--digitalocean-tags \"{}\": a tag may have letters, digits, ':', '-' and '_'", tag));
  }
}

}  // namespace

const SettingsTable<DigitalOceanSettings>& digitalocean_settings() {
  static const SettingsTable<DigitalOceanSettings> table("digitalocean", all_rows());
  return table;
}

const SettingsTable<DigitalOceanLogin>& digitalocean_login() {
  static const SettingsTable<DigitalOceanLogin> table("digitalocean", {{.key = "SSHUser",
                                                                        .member = &DigitalOceanLogin::user,
                                                                        .flag = "digitalocean-ssh-user",
                                                                        .variable = "DIGITALOCEAN_SSH_USER",
                                                                        .help = "SSH username",
                                                                        .change = Change::login},
                                                                       {.key = "SSHPort",
                                                                        .member = &DigitalOceanLogin::port,
                                                                        .flag = "digitalocean-ssh-port",
                                                                        .variable = "DIGITALOCEAN_SSH_PORT",
                                                                        .help = "SSH port",
                                                                        .change = Change::login}});
  return table;
}

void check_values(const DigitalOceanSettings& settings, const DigitalOceanLogin& login) {
  if (login.port < 1 || login.port > 65535) {
    refuse(fmt::format("--digitalocean-ssh-port must be a port between 1 and 65535, not {}", login.port));
  }
  if (login.user.empty()) refuse("--digitalocean-ssh-user needs a name");
  if (settings.region.empty()) refuse("digitalocean requires a valid region: --digitalocean-region is empty");
  if (!settings.endpoint.starts_with("https://") && !settings.endpoint.starts_with("http://")) {
    refuse(fmt::format("--digitalocean-api-endpoint \"{}\" is no URL: it begins with https:// or http://",
                       settings.endpoint));
  }
  for (const auto& text : settings.open_ports) parse_open_port(digitalocean_port_flag, text);
  for (const auto& tag : own_tags(settings)) check_tag(tag);
}

std::vector<std::string> own_tags(const DigitalOceanSettings& settings) {
  std::vector<std::string> tags;
  for (const auto& part : split(settings.tags, ',')) {
    const std::string tag(trim(part));
    if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

}  // namespace dm
