// The record of a droplet that exists, out of what DigitalOcean says of it.
#include "drivers/digitalocean/existing.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/digitalocean/api.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/marks.h"

namespace dm {
namespace {

std::string line_of(const Json& droplet) {
  return fmt::format("{}  {}  {}  {}", number_of(droplet, "id"), text_of(droplet, "name"),
                     text_of(droplet, "size_slug"), text_of(droplet, "status"));
}

[[noreturn]] void list_droplets(const std::string& why, const std::vector<Json>& droplets) {
  std::string lines;
  for (const auto& droplet : droplets) lines += "\n  " + line_of(droplet);
  throw Error(fmt::format("{}. Say which droplet: --{} ID. There are:{}", why, droplet_id_flag,
                          lines.empty() ? " none" : lines),
              Reason::usage);
}

Json described(DigitalOceanApi& api, const DropletWanted& wanted, Task& task) {
  if (!wanted.id.empty()) {
    const DigitalOceanAnswer answer = api.get("/v2/droplets/" + url_word(wanted.id), task);
    if (answer.is_missing())
      throw Error(fmt::format("there is no droplet {}: see --{}", wanted.id, droplet_id_flag),
                  Reason::not_found);
    if (!answer.ok()) throw answer.failure();
    return answer.part("droplet");
  }
  std::vector<Json> all, named;
  for (const auto& droplet : api.list("/v2/droplets", "droplets", task)) {
    all.push_back(droplet);
    if (text_of(droplet, "name") == wanted.name) named.push_back(droplet);
  }
  if (wanted.name.empty()) list_droplets("No droplet is named", all);
  if (named.empty()) list_droplets(fmt::format("No droplet is called {}", go_quote(wanted.name)), all);
  if (named.size() > 1)
    list_droplets(fmt::format("Several droplets are called {}", go_quote(wanted.name)), named);
  return named.front();
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

void take_description(DigitalOceanSettings& settings, const Json& droplet) {
  settings.droplet_id = number_of(droplet, "id");
  settings.droplet_name = text_of(droplet, "name");
  settings.region = text_of(member_of(droplet, "region"), "slug");
  settings.size = text_of(droplet, "size_slug");
  const Json& image = member_of(droplet, "image");
  const std::string slug = text_of(image, "slug");
  settings.image = slug.empty() ? std::to_string(number_of(image, "id")) : slug;
  settings.vpc = text_of(droplet, "vpc_uuid");
  std::vector<std::string> features;
  for (const auto& feature : member_of(droplet, "features"))
    if (feature.is_string()) features.push_back(feature.get<std::string>());
  settings.ipv6 = has(features, "ipv6");
  settings.backups = has(features, "backups");
  settings.monitoring = has(features, "monitoring");
  settings.private_networking = has(features, "private_networking");
  settings.droplet_requested = 1;  // Long ago: it is not only about to appear.
}

/// The user's tags, and by which marks docker-machine made it; the name that it had then.
std::string take_tags(DigitalOceanSettings& settings, const Json& droplet) {
  const auto tags = tags_of(droplet);
  const std::string prefix = store_tag("");
  std::string made_as;
  std::vector<std::string> own;
  settings.store_id.clear();
  for (const auto& tag : tags) {
    if (tag.starts_with(prefix)) settings.store_id = tag.substr(prefix.size());
  }
  for (const auto& tag : tags) {
    const auto machine = machine_of_tag(settings.store_id, tag);
    if (!settings.store_id.empty() && machine) {
      made_as = *machine;
      const std::string id = tag.substr(tag.rfind(':') + 1);
      if (id.size() == id_digits) settings.id = id;
    } else if (!tag.starts_with(prefix) && tag != reserved_ip_tag) {
      own.push_back(tag);
    }
  }
  settings.tags = join(own, ",");
  return made_as;
}

/// The key, firewall and address that docker-machine made for it: rm removes them with it.
void find_what_was_made(DigitalOceanSettings& settings, const std::string& made_as, const Json& droplet,
                        DigitalOceanApi& api, Task& task) {
  if (made_as.empty()) return;
  for (const auto& key : api.list("/v2/account/keys", "ssh_keys", task)) {
    if (text_of(key, "name") != machine_mark(settings.store_id, made_as)) continue;
    settings.key_id = number_of(key, "id");
    settings.own_key_fingerprint = text_of(key, "fingerprint");
  }
  const std::string name = firewall_name(settings.store_id, made_as, settings.id);
  for (const auto& firewall : api.list("/v2/firewalls", "firewalls", task)) {
    if (text_of(firewall, "name") == name) settings.firewall_id = text_of(firewall, "id");
  }
  if (!has(tags_of(droplet), reserved_ip_tag)) return;
  for (const auto& reserved : api.list("/v2/reserved_ips", "reserved_ips", task)) {
    if (number_of(member_of(reserved, "droplet"), "id") != settings.droplet_id) continue;
    settings.reserved_ip = text_of(reserved, "ip");
    settings.wants_reserved_ip = true;
  }
}

}  // namespace

std::vector<std::string> tags_of(const Json& droplet) {
  std::vector<std::string> tags;
  for (const auto& tag : member_of(droplet, "tags"))
    if (tag.is_string()) tags.push_back(tag.get<std::string>());
  return tags;
}

Existing existing_droplet(const DropletWanted& wanted, CommonSettings common, DigitalOceanSettings settings,
                          const Services& services, Task& task) {
  DigitalOceanApi api(settings.endpoint, settings.token, services);
  const Json droplet = described(api, wanted, task);
  if (text_of(droplet, "status") != "active") {
    throw Error(fmt::format("the droplet {} is {}: start it in DigitalOcean's console, then adopt it",
                            number_of(droplet, "id"), text_of(droplet, "status")));
  }
  take_description(settings, droplet);
  const std::string made_as = take_tags(settings, droplet);
  find_what_was_made(settings, made_as, droplet, api, task);

  Existing existing{.key_file = settings.key_file};
  const KeyPair key = make_rsa_key();
  existing.own_key = LoginKey{.private_pem = key.private_pem, .public_line = key.public_ssh_line};
  existing.found.push_back(fmt::format(
      "the droplet {} \"{}\", {} in {}{}", settings.droplet_id, settings.droplet_name, settings.size,
      settings.region, made_as.empty() ? "" : fmt::format(", made by docker-machine as \"{}\"", made_as)));
  existing.changes.push_back(
      fmt::format("two tags of the droplet{}: this store's",
                  made_as.empty() ? "" : ", and the names of the key and firewall made for it"));
  existing.consequences = {fmt::format("\"docker-machine rm {}\" will destroy the droplet {}",
                                       common.machine_name, settings.droplet_id)};
  Json record = Json::object();
  common_to_record(common, record);
  digitalocean_settings().to_record(settings, record);
  DropletMachine machine(record, services, DigitalOceanPace());
  machine.observed(droplet);
  existing.record = machine.record();
  return existing;
}

void DropletMachine::claim(const std::string& store_id, const Save& save, Task& task) {
  const Json before =
      member_of(api_.fetch(fmt::format("/v2/droplets/{}", settings_.droplet_id), task), "droplet");
  move_to_store(store_id, task);
  save();
  // It may have had another name as a machine, by which move_to_store() does not look for its tag.
  for (const auto& tag : tags_of(before)) {
    const bool is_mark = tag.starts_with("docker-machine:") && tag != own_tag(store_id);
    if (is_mark) delete_at_digitalocean(api_, "/v2/tags/" + url_word(tag), Milliseconds(0), task);
  }
}

}  // namespace dm
