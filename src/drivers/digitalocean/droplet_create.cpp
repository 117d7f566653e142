// From a record to a droplet that runs.
#include <fmt/core.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/cloud_init.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/marks.h"
#include "drivers/digitalocean/offer.h"
#include "drivers/open_port.h"
#include "drivers/shared_answer.h"
#include "ssh/known_hosts.h"

namespace dm {
namespace {

using std::chrono::seconds;
using Repeat = DigitalOceanApi::Repeat;

constexpr auto active_limit = std::chrono::minutes(10);
constexpr auto first_poll = seconds(1), longest_poll = seconds(6);
/// After that, a droplet that no list has is asked for by its number.
constexpr auto patience_with_lists = seconds(10);
constexpr auto address_limit = std::chrono::minutes(2);

const Json& everybody() {
  static const Json addresses = Json::array({"0.0.0.0/0", "::/0"});
  return addresses;
}

Json outbound(const std::string& protocol, const std::string& ports) {
  return {{"protocol", protocol}, {"ports", ports}, {"destinations", {{"addresses", everybody()}}}};
}

/// An image of the user's own is a number, another one a slug.
Json image_of(const std::string& image) {
  const int number = number_or_minus_one(image);
  return number > 0 ? Json(number) : Json(image);
}

/// The first action of an answer's links.
long long action_in(const Json& body) {
  const Json& actions = member_of(member_of(body, "links"), "actions");
  return actions.is_array() && !actions.empty() ? number_of(actions.front(), "id") : 0;
}

/// What waiting needs of a droplet, for the files that processes share.
Json essence(const Json& droplets) {
  Json list = Json::array();
  for (const auto& droplet : droplets) {
    list.push_back({{"id", number_of(droplet, "id")},
                    {"status", text_of(droplet, "status")},
                    {"networks", member_of(droplet, "networks")}});
  }
  return list;
}

}  // namespace

Json inbound_rule(const std::string& protocol, const std::string& ports) {
  return {{"protocol", protocol}, {"ports", ports}, {"sources", {{"addresses", everybody()}}}};
}

void DropletMachine::create(const Save& save, Task& task) {
  if (settings_.image.empty() || settings_.size.empty()) settle_offer(api_, settings_, task);
  make_folders(fs::path(machine_file(common_, "id_rsa")).parent_path());
  prepare_key(save, task);
  const KeyPair host_key = make_ecdsa_key();
  const auto words = split(host_key.public_ssh_line, ' ');
  pin_host_key(machine_file(common_, "known_hosts"), common_.machine_name, {words.at(0), words.at(1)});
  order_droplet(user_data(host_key), save, task);
  await_address(task);
  save();
  make_firewall(save, task);
  reserve_address(save, task);
  join_project(task);
}

/// The key of whoever logs in, and its number at DigitalOcean.
void DropletMachine::prepare_key(const Save& save, Task& task) {
  task.info("Creating SSH key...");
  if (settings_.key_fingerprint.empty()) return register_key(save, task);
  if (public_key_.empty()) check_key(task);
  if (settings_.key_file.empty()) {
    return task.info(
        "No private key is named for the fingerprint: the ssh-agent's keys and those in ~/.ssh are tried");
  }
  common_.ssh_key_path = machine_file(common_, imported_key_name(settings_.key_file));
  in_context("unable to copy ssh key",
             [&] { write_file(common_.ssh_key_path, read_file(settings_.key_file), private_file); });
  write_file(common_.ssh_key_path + ".pub", public_key_ + "\n", private_file);
  save();
}

void DropletMachine::register_key(const Save& save, Task& task) {
  const KeyPair key = make_rsa_key();
  common_.ssh_key_path = machine_file(common_, "id_rsa");
  write_file(common_.ssh_key_path, key.private_pem, private_file);
  write_file(common_.ssh_key_path + ".pub", key.public_ssh_line + "\n", 0644);
  public_key_ = key.public_ssh_line;
  settings_.own_key_fingerprint = md5_fingerprint(public_key_);
  save();
  const Json wanted{{"name", machine_mark(settings_.store_id, common_.machine_name)},
                    {"public_key", public_key_}};
  // A second time does no harm: the key is unique, and known by its fingerprint.
  DigitalOceanAnswer answer = api_.send("POST", "/v2/account/keys", wanted, Repeat::harmless, task);
  if (answer.status == 422) {
    DigitalOceanAnswer there = api_.get("/v2/account/keys/" + settings_.own_key_fingerprint, task);
    if (there.ok()) answer = std::move(there);
  }
  if (!answer.ok()) throw answer.failure();
  settings_.key_id = number_of(answer.part("ssh_key"), "id");
  save();
}

/// The machine's own host key, so that already the first contact is between acquaintances; and our user and
/// key, since images differ in whom they let in.
std::string DropletMachine::user_data(const KeyPair& host_key) const {
  Json ours{{"ssh_deletekeys", true},
            {"ssh_keys",
             {{"ecdsa_private", host_key.private_pem},
              {"ecdsa_public", host_key.public_ssh_line + " " + common_.machine_name}}}};
  if (common_.ssh_user == "root") {
    ours["disable_root"] = false;
    ours["ssh_authorized_keys"] = Json::array({public_key_});
  } else {
    ours["users"] = Json::array({"default", login_user(common_.ssh_user, public_key_)});
  }
  if (common_.ssh_port != 22) ours["bootcmd"] = Json::array({listen_for_ssh_on(common_.ssh_port)});
  return merged_user_data(ours, settings_.user_data.empty() ? "" : read_file(settings_.user_data));
}

Json DropletMachine::order(const std::string& user_data) const {
  Json tags = own_tags(settings_);
  tags.push_back(store_tag(settings_.store_id));
  tags.push_back(own_tag(settings_.store_id));
  if (settings_.wants_reserved_ip) tags.push_back(reserved_ip_tag);
  Json order{{"name", common_.machine_name},
             {"region", settings_.region},
             {"size", settings_.size},
             {"image", image_of(settings_.image)},
             {"ssh_keys", Json::array({settings_.key_id})},
             {"backups", settings_.backups},
             {"ipv6", settings_.ipv6},
             {"monitoring", settings_.monitoring},
             {"user_data", user_data},
             {"tags", tags}};
  if (settings_.private_networking) order["private_networking"] = true;
  if (!settings_.vpc.empty()) order["vpc_uuid"] = settings_.vpc;
  return order;
}

/// DigitalOcean knows no token that makes an order unique: whenever its answer is lost, the droplet is looked
/// for by its tag, now or by remove().
void DropletMachine::order_droplet(const std::string& user_data, const Save& save, Task& task) {
  task.info("Creating Digital Ocean droplet...");
  settings_.droplet_requested = now();
  save();
  std::optional<Error> failure;
  try {
    const DigitalOceanAnswer answer =
        api_.send("POST", "/v2/droplets", order(user_data), Repeat::never, task);
    if (answer.ok()) settings_.droplet_id = number_of(answer.part("droplet"), "id");
    if (!answer.ok()) failure = answer.failure();
    if (!answer.ok() && answer.status < 500) {
      settings_.droplet_requested = 0;
      save();
      throw *failure;
    }
  } catch (const Error& error) {
    if (error.reason() != Reason::unreachable && error.reason() != Reason::timed_out) throw;
    failure = error;
  }
  if (settings_.droplet_id == 0) {
    task.debug("The answer to the order is lost: looking for the droplet");
    const auto found = droplet_ids(task);
    if (found.empty() && failure) throw *failure;
    if (found.empty()) throw Error("DigitalOcean took the order and names no droplet");
    settings_.droplet_id = found.front();
  }
  settings_.droplet_requested = now();  // It may be missing from now on, not from when the order was begun.
  save();
}

/// The droplet as one of all the store's droplets, which every process that waits gets from one call.
std::optional<Json> DropletMachine::look(Milliseconds waited, Task& task) {
  const std::string tag = store_tag(settings_.store_id);
  const Json droplets =
      shared_answer(fs::path(common_.store_path) / "cache" / "polls",
                    "digitalocean " + digitalocean_account(settings_) + " " + tag, pace_.shared, task,
                    [&] { return essence(droplets_tagged(api_, tag, task)); });
  for (const auto& droplet : droplets)
    if (number_of(droplet, "id") == settings_.droplet_id) return droplet;
  if (waited < patience_with_lists) return std::nullopt;
  const DigitalOceanAnswer answer = api_.get(fmt::format("/v2/droplets/{}", settings_.droplet_id), task);
  if (answer.ok()) return answer.part("droplet");
  if (!answer.is_missing()) throw answer.failure();
  observed_missing();
  return std::nullopt;
}

void DropletMachine::await_address(Task& task) {
  task.info("Waiting for IP address to be assigned to the Droplet...");
  Task limited = task.within(active_limit);
  std::string status = "unknown";
  for (Backoff backoff(first_poll, longest_poll);;) {
    try {
      backoff.pause(limited);
      const auto droplet = look(active_limit - limited.left(), limited);
      if (droplet) {
        status = text_of(*droplet, "status");
        if (observed(*droplet).state == State::running && !common_.address.empty()) break;
      }
    } catch (const Error& error) {
      if (limited.left().count() > 0 || task.left().count() == 0) throw;
      throw Error(fmt::format("the droplet {} is not active after {} minutes: its status is {}",
                              settings_.droplet_id, active_limit.count(), status),
                  Reason::timed_out);
    }
  }
  task.debug(fmt::format("Droplet {} has the address {}", settings_.droplet_id, common_.address));
}

void DropletMachine::make_firewall(const Save& save, Task& task) {
  if (settings_.open_ports.empty()) return;
  task.info("Creating Digital Ocean firewall...");
  Json rules =
      Json::array({inbound_rule("tcp", std::to_string(common_.ssh_port)),
                   inbound_rule("tcp", std::to_string(default_engine_port)), inbound_rule("icmp", "0")});
  const auto add = [&](const Json& rule) {
    if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(rule);
  };
  const auto swarm = parse_docker_url(common_.swarm_host);
  if (common_.swarm_master && swarm && swarm->port > 0) add(inbound_rule("tcp", std::to_string(swarm->port)));
  for (const auto& text : settings_.open_ports) {
    const OpenPort open = parse_open_port(digitalocean_port_flag, text);
    add(inbound_rule(open.protocol, std::to_string(open.port)));
  }
  const Json firewall{{"name", firewall_name(settings_.store_id, common_.machine_name, settings_.id)},
                      {"inbound_rules", rules},
                      {"outbound_rules",
                       Json::array({outbound("tcp", "all"), outbound("udp", "all"), outbound("icmp", "0")})},
                      {"droplet_ids", Json::array({settings_.droplet_id})}};
  settings_.firewall_requested = now();
  save();
  const DigitalOceanAnswer answer = api_.send("POST", "/v2/firewalls", firewall, Repeat::never, task);
  if (!answer.ok()) throw answer.failure();
  settings_.firewall_id = text_of(answer.part("firewall"), "id");
  save();
}

void DropletMachine::reserve_address(const Save& save, Task& task) {
  if (!settings_.wants_reserved_ip) return;
  task.info("Reserving an IP address...");
  settings_.reserved_ip_requested = now();
  save();
  const Json wanted{{"droplet_id", settings_.droplet_id}};
  const DigitalOceanAnswer answer =
      api_.send_when_free("POST", "/v2/reserved_ips", wanted, Repeat::never, address_limit, task);
  if (!answer.ok()) throw answer.failure();
  settings_.reserved_ip = text_of(answer.part("reserved_ip"), "ip");
  save();
  const long long action = action_in(answer.body);
  if (action != 0 && await(action, address_limit, task) != Outcome::completed) {
    throw Error(fmt::format("the reserved IP {} was not assigned to the droplet within {} minutes",
                            settings_.reserved_ip, address_limit.count()),
                Reason::timed_out);
  }
  common_.address = settings_.reserved_ip;
  save();
}

void DropletMachine::join_project(Task& task) {
  if (settings_.project_id.empty()) return;
  Json resources = Json::array({fmt::format("do:droplet:{}", settings_.droplet_id)});
  if (!settings_.reserved_ip.empty()) resources.push_back("do:floatingip:" + settings_.reserved_ip);
  const DigitalOceanAnswer answer =
      api_.send("POST", "/v2/projects/" + url_word(settings_.project_id) + "/resources",
                {{"resources", resources}}, Repeat::harmless, task);
  if (!answer.ok()) throw answer.failure();
}

}  // namespace dm
