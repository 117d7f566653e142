// What changes at DigitalOcean while a droplet lives.
#include <algorithm>

#include "drivers/digitalocean/droplet.h"
#include "drivers/open_port.h"

namespace dm {
namespace {

using Repeat = DigitalOceanApi::Repeat;

/// What is in one list and not in the other.
std::vector<std::string> missing(const std::vector<std::string>& from, const std::vector<std::string>& in) {
  std::vector<std::string> found;
  std::ranges::copy_if(from, std::back_inserter(found),
                       [&](const std::string& one) { return std::ranges::find(in, one) == in.end(); });
  return found;
}

}  // namespace

void DropletMachine::change_tags(const DigitalOceanSettings& former, Task& task) {
  const auto before = own_tags(former), now = own_tags(settings_);
  for (const auto& tag : missing(now, before)) {
    expect(api_.send("POST", "/v2/tags", {{"name", tag}}, Repeat::harmless, task));
    expect(api_.send("POST", "/v2/tags/" + url_word(tag) + "/resources", tagged_droplet(), Repeat::harmless,
                     task));
  }
  for (const auto& tag : missing(before, now)) {
    const auto answer = api_.send("DELETE", "/v2/tags/" + url_word(tag) + "/resources", tagged_droplet(),
                                  Repeat::harmless, task);
    if (!answer.is_missing()) expect(answer);
  }
}

/// Rules that somebody else has added stay.
void DropletMachine::change_ports(const DigitalOceanSettings& former, const Save& save, Task& task) {
  auto changed = settings_.firewall_id.empty() ? std::nullopt : firewall(task);
  if (!changed) return make_firewall(save, task);
  const auto rule_of = [](const std::string& text) {
    const OpenPort port = parse_open_port(digitalocean_port_flag, text);
    return inbound_rule(port.protocol, std::to_string(port.port));
  };
  const auto is_for_same = [](const Json& one, const Json& other) {
    return one["protocol"] == other["protocol"] && one["ports"] == other["ports"];
  };
  Json& rules = (*changed)["inbound_rules"];
  for (const auto& text : missing(former.open_ports, settings_.open_ports)) {
    const int port = parse_open_port(digitalocean_port_flag, text).port;
    if (port == common_.ssh_port || port == default_engine_port) continue;  // which are open in any case
    const Json gone = rule_of(text);
    rules.erase(
        std::remove_if(rules.begin(), rules.end(), [&](const Json& rule) { return is_for_same(rule, gone); }),
        rules.end());
  }
  for (const auto& text : missing(settings_.open_ports, former.open_ports)) {
    const Json rule = rule_of(text);
    const bool there =
        std::ranges::any_of(rules, [&](const Json& other) { return is_for_same(rule, other); });
    if (!there) rules.push_back(rule);
  }
  expect(
      api_.send("PUT", "/v2/firewalls/" + url_word(settings_.firewall_id), *changed, Repeat::harmless, task));
}

void DropletMachine::apply(const Json& former, const Save& save, Task& task) {
  const DigitalOceanSettings before = digitalocean_settings().from_record(former);
  if (before.tags != settings_.tags) {
    task.info("Changing the tags...");
    change_tags(before, task);
  }
  if (before.open_ports != settings_.open_ports) {
    task.info("Changing the firewall...");
    change_ports(before, save, task);
  }
}

}  // namespace dm
