// A droplet's life after its creation: its state and its power.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/marks.h"
#include "keys/digest.h"

namespace dm {
namespace {

using std::chrono::seconds;
using Repeat = DigitalOceanApi::Repeat;

constexpr auto action_limit = std::chrono::minutes(3);
constexpr auto busy_limit = std::chrono::minutes(3);
/// Until the plug is pulled: so that all of a stop ends within a minute, after which some clients kill it.
constexpr auto shutdown_limit = seconds(35);
constexpr Milliseconds first_look = seconds(1), longest_look = seconds(5);

State state_of(const std::string& status) {
  if (status == "new") return State::starting;
  if (status == "active") return State::running;
  if (status == "off") return State::stopped;
  return State::none;
}

std::vector<std::string> addresses_of_kind(const Json& droplet, const char* family, const char* kind) {
  std::vector<std::string> found;
  for (const auto& network : member_of(member_of(droplet, "networks"), family))
    if (text_of(network, "type") == kind) found.push_back(text_of(network, "ip_address"));
  return found;
}

bool is_among(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

Json droplets_tagged(DigitalOceanApi& api, const std::string& tag, Task& task) {
  return api.list("/v2/droplets?tag_name=" + url_word(tag), "droplets", task);
}

std::string digitalocean_account(const DigitalOceanSettings& settings) {
  const bool refers = settings.token.starts_with("env:") || settings.token.starts_with("file:") ||
                      settings.token.starts_with("command:");
  const std::string token =
      refers ? settings.token : "token #" + hex_digest(DigestKind::sha256, settings.token).substr(0, 8);
  return settings.token.empty() ? "" : fmt::format("{} ({})", settings.endpoint, token);
}

long long DropletMachine::now() const {
  return std::chrono::duration_cast<seconds>(services_.clock.now().time_since_epoch()).count();
}

/// How long something that was promised at this moment may still be missing.
Milliseconds DropletMachine::freshness(long long requested) const {
  if (requested == 0) return Milliseconds(0);
  // A clock that was set back must not make anything fresh for ever.
  return std::clamp<Milliseconds>(pace_.consistency - seconds(now() - requested), Milliseconds(0),
                                  pace_.consistency);
}

/// How long something is looked for whose order was begun at this moment and may have been answered much
/// later.
Milliseconds DropletMachine::time_to_appear(long long requested) const {
  const seconds age(now() - requested);
  const bool may_come = requested != 0 && age.count() >= 0 && age <= pace_.call + pace_.consistency;
  return may_come ? pace_.consistency : Milliseconds(0);
}

bool DropletMachine::is_fresh(long long requested) const { return freshness(requested).count() > 0; }

Endpoint DropletMachine::endpoint() const {
  CommonSettings common = common_;
  // The original stores a key's path only once somebody has asked for it.
  if (common.ssh_key_path.empty() && !settings_.key_file.empty())
    common.ssh_key_path = machine_file(common, imported_key_name(settings_.key_file));
  if (common.ssh_key_path.empty() && settings_.key_fingerprint.empty())
    common.ssh_key_path = machine_file(common, "id_rsa");
  return {.address = common.address,
          .ssh = ssh_target_of(common),
          .docker_url = settings_.powered_off ? "" : docker_url_of(common.address, default_engine_port)};
}

Json DropletMachine::record() const {
  Json record = record_;
  common_to_record(common_, record);
  digitalocean_settings().to_record(settings_, record);
  return record;
}

/// The reserved IP that we made, else the address that we know, else the first one: others may be put on the
/// droplet in the console, and taken off again.
void DropletMachine::take_addresses(const Json& droplet) {
  const auto open = addresses_of_kind(droplet, "v4", "public");
  const auto inside = addresses_of_kind(droplet, "v4", "private");
  const auto v6 = addresses_of_kind(droplet, "v6", "public");
  if (!settings_.reserved_ip.empty() && is_among(open, settings_.reserved_ip)) {
    common_.address = settings_.reserved_ip;
  } else if (!open.empty() && !is_among(open, common_.address)) {
    common_.address = open.front();
  }
  if (!inside.empty()) settings_.private_address = inside.front();
  if (!v6.empty()) settings_.ipv6_address = v6.front();
}

Observation DropletMachine::observed(const Json& droplet) {
  const State state = state_of(text_of(droplet, "status"));
  settings_.powered_off = state == State::stopped;
  take_addresses(droplet);
  return {state, endpoint()};
}

Observation DropletMachine::observed_missing() const {
  if (settings_.droplet_id == 0) return {State::error, endpoint()};
  if (is_fresh(settings_.droplet_requested)) return {State::starting, endpoint()};
  throw Error(fmt::format("the droplet {1} of \"{0}\" does not exist any more: it was destroyed elsewhere. "
                          "\"docker-machine rm {0}\" removes what is left of it",
                          common_.machine_name, settings_.droplet_id),
              Reason::not_found);
}

Observation DropletMachine::observe(Task& task) {
  if (settings_.droplet_id == 0) return observed_missing();
  const DigitalOceanAnswer answer = api_.get(fmt::format("/v2/droplets/{}", settings_.droplet_id), task);
  if (answer.is_missing()) return observed_missing();
  if (!answer.ok()) throw answer.failure();
  return observed(answer.part("droplet"));
}

void DropletMachine::power(Power power, Task& task) {
  if (settings_.droplet_id == 0)
    throw Error(fmt::format("the creation of \"{}\" did not come to a droplet", common_.machine_name));
  switch (power) {
    case Power::start:
      act_and_await("power_on", Repeat::harmless, task);
      settings_.powered_off = false;
      break;
    case Power::stop:
      shut_down(task);
      settings_.powered_off = true;
      break;
    case Power::kill:
      act_and_await("power_off", Repeat::harmless, task);
      settings_.powered_off = true;
      break;
    case Power::restart:
      act_and_await("reboot", Repeat::never, task);
      break;
  }
}

/// Begins an action; its number.
long long DropletMachine::act(const std::string& type, Repeat repeat, Task& task, const Json& more) {
  Json action{{"type", type}};
  action.update(more);
  const DigitalOceanAnswer answer = api_.send_when_free(
      "POST", fmt::format("/v2/droplets/{}/actions", settings_.droplet_id), action, repeat, busy_limit, task);
  if (answer.is_missing()) observed_missing();
  if (!answer.ok()) throw answer.failure();
  return number_of(answer.part("action"), "id");
}

DropletMachine::Outcome DropletMachine::await(long long action, Milliseconds limit, Task& task) {
  const Task waiting = task.within(limit);
  for (Backoff backoff(first_look, longest_look); waiting.left() > longest_look;) {
    backoff.pause(waiting);
    const std::string status =
        text_of(member_of(api_.fetch(fmt::format("/v2/actions/{}", action), task), "action"), "status");
    if (status == "completed") return Outcome::completed;
    if (status == "errored") return Outcome::errored;
  }
  return Outcome::running;
}

void DropletMachine::act_and_await(const std::string& type, Repeat repeat, Task& task, const Json& more) {
  const long long action = act(type, repeat, task, more);
  switch (await(action, action_limit, task)) {
    case Outcome::completed:
      return;
    case Outcome::errored:
      throw Error(fmt::format("DigitalOcean's action {} ({}) on the droplet {} ended with an error", type,
                              action, settings_.droplet_id));
    case Outcome::running:
      throw Error(fmt::format("DigitalOcean's action {} ({}) on the droplet {} did not end within {} minutes",
                              type, action, settings_.droplet_id, action_limit.count()),
                  Reason::timed_out);
  }
}

/// A system that does not listen is switched off.
void DropletMachine::shut_down(Task& task) {
  const long long action = act("shutdown", Repeat::harmless, task);
  if (await(action, shutdown_limit, task) == Outcome::completed) return;
  task.warn("The droplet did not shut down: it is switched off");
  act_and_await("power_off", Repeat::harmless, task);
}

}  // namespace dm
