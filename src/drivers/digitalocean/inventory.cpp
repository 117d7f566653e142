// All of an account's droplets at once, and what belongs to a store.
#include "drivers/digitalocean/inventory.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "base/strings.h"
#include "drivers/digitalocean/existing.h"
#include "drivers/digitalocean/marks.h"

namespace dm {
namespace {

/// What could be learned of droplets, by their numbers.
struct Census {
  std::map<long long, Json> droplets;
  std::map<long long, Error> errors;  ///< why nothing is known of these
  std::optional<Error> silence;       ///< nobody answers, so that no more is asked
};

/// One question about these droplets; its failure is theirs.
void ask(Census& census, const std::set<long long>& ids, const std::function<void()>& question) {
  try {
    if (census.silence) throw Error(*census.silence);
    question();
  } catch (const Error& error) {
    for (const long long id : ids) census.errors.emplace(id, error);
    if (error.reason() == Reason::unreachable || error.reason() == Reason::timed_out) census.silence = error;
  }
}

/// With more than this missing, a list of all droplets is cheaper than to ask for each.
constexpr size_t most_single_calls = 5;

constexpr const char* droplet_kind = "droplet";
constexpr const char* key_kind = "SSH key";
constexpr const char* firewall_kind = "firewall";
constexpr const char* address_kind = "reserved IP";

void add(const Json& droplets, Census& census) {
  for (const auto& droplet : droplets) census.droplets[number_of(droplet, "id")] = droplet;
}

void add_single(long long id, Census& census, DigitalOceanApi& api, Task& task) {
  const DigitalOceanAnswer answer = api.get(fmt::format("/v2/droplets/{}", id), task);
  if (answer.ok()) census.droplets[id] = answer.part("droplet");
  if (!answer.ok() && !answer.is_missing()) throw answer.failure();
}

/// The droplets of the machines, as far as they exist. What cannot be asked for spoils nothing else.
Census census_of(std::span<DropletMachine* const> machines, DigitalOceanApi& api, Task& task) {
  std::map<std::string, std::set<long long>> stores;
  for (const DropletMachine* machine : machines)
    stores[machine->settings().store_id].insert(machine->settings().droplet_id);
  Census census;
  for (const auto& [store, ids] : stores) {
    if (store.empty()) continue;
    ask(census, ids, [&, &tag = store] { add(droplets_tagged(api, store_tag(tag), task), census); });
  }
  std::set<long long> missing;
  for (const auto& [store, ids] : stores) {
    std::ranges::copy_if(ids, std::inserter(missing, missing.end()), [&](long long id) {
      return id != 0 && !census.droplets.contains(id) && !census.errors.contains(id);
    });
  }
  if (missing.size() > most_single_calls) {
    ask(census, missing, [&] { add(api.list("/v2/droplets", "droplets", task), census); });
  } else {
    for (const long long id : missing) ask(census, {id}, [&] { add_single(id, census, api, task); });
  }
  return census;
}

Surveyed outcome_of(DropletMachine& machine, const Census& census) {
  Surveyed outcome;
  const long long id = machine.settings().droplet_id;
  try {
    const auto found = census.droplets.find(id);
    const auto error = census.errors.find(id);
    if (found == census.droplets.end() && error != census.errors.end()) throw error->second;
    outcome.observation =
        found == census.droplets.end() ? machine.observed_missing() : machine.observed(found->second);
  } catch (const Error& error) {
    outcome.error = error;
    outcome.observation.endpoint = machine.endpoint();
  }
  return outcome;
}

std::string machine_of(const Json& droplet, const std::string& store_id) {
  for (const auto& tag : tags_of(droplet))
    if (const auto machine = machine_of_tag(store_id, tag)) return *machine;
  return {};
}

bool carries(const Json& droplet, const std::string& tag) {
  const auto tags = tags_of(droplet);
  return std::ranges::find(tags, tag) != tags.end();
}

/// The reserved IPs that we put on droplets of ours; before these, since they are known by them only.
void add_addresses(const Json& droplets, const std::string& store_id, DigitalOceanApi& api,
                   std::vector<Possession>& possessions, Task& task) {
  std::map<long long, std::string> machines;
  for (const auto& droplet : droplets)
    if (carries(droplet, reserved_ip_tag)) machines[number_of(droplet, "id")] = machine_of(droplet, store_id);
  if (machines.empty()) return;
  for (const auto& reserved : api.list("/v2/reserved_ips", "reserved_ips", task)) {
    const auto machine = machines.find(number_of(member_of(reserved, "droplet"), "id"));
    if (machine == machines.end()) continue;
    possessions.push_back({.machine = machine->second,
                           .kind = address_kind,
                           .id = text_of(reserved, "ip"),
                           .place = text_of(member_of(reserved, "region"), "slug")});
  }
}

/// The tags that only this droplet carries go with it.
void dispose_of_droplet(DigitalOceanApi& api, const std::string& path, Task& task) {
  const DigitalOceanAnswer answer = api.get(path, task);
  if (!answer.ok() && !answer.is_missing()) throw answer.failure();
  delete_at_digitalocean(api, path, Milliseconds(0), task);
  const auto tags = tags_of(answer.part("droplet"));
  for (const auto& tag : tags) {
    const std::string prefix = store_tag("");
    if (!tag.starts_with(prefix)) continue;
    for (const auto& other : tags)
      if (machine_of_tag(tag.substr(prefix.size()), other))
        delete_at_digitalocean(api, "/v2/tags/" + url_word(other), Milliseconds(0), task);
  }
}

}  // namespace

std::vector<Surveyed> survey_droplets(std::span<DropletMachine* const> machines, const Services& services,
                                      Task& task) {
  const DigitalOceanSettings& account = machines.front()->settings();
  DigitalOceanApi api(account.endpoint, account.token, services);
  const Census census = census_of(machines, api, task);
  std::vector<Surveyed> outcomes;
  for (DropletMachine* machine : machines) outcomes.push_back(outcome_of(*machine, census));
  return outcomes;
}

std::vector<Possession> digitalocean_possessions(const DigitalOceanSettings& settings,
                                                 const std::string& store_id, const Services& services,
                                                 Task& task) {
  DigitalOceanApi api(settings.endpoint, settings.token, services);
  std::vector<Possession> possessions;
  const Json droplets = droplets_tagged(api, store_tag(store_id), task);
  add_addresses(droplets, store_id, api, possessions, task);
  for (const auto& droplet : droplets) {
    possessions.push_back({.machine = machine_of(droplet, store_id),
                           .kind = droplet_kind,
                           .id = std::to_string(number_of(droplet, "id")),
                           .place = text_of(member_of(droplet, "region"), "slug")});
  }
  for (const auto& firewall : api.list("/v2/firewalls", "firewalls", task)) {
    if (const auto machine = machine_of_firewall(store_id, text_of(firewall, "name")))
      possessions.push_back(
          {.machine = *machine, .kind = firewall_kind, .id = text_of(firewall, "id"), .place = {}});
  }
  for (const auto& key : api.list("/v2/account/keys", "ssh_keys", task)) {
    if (const auto machine = machine_of_tag(store_id, text_of(key, "name")))
      possessions.push_back(
          {.machine = *machine, .kind = key_kind, .id = std::to_string(number_of(key, "id")), .place = {}});
  }
  return possessions;
}

void dispose_at_digitalocean(const DigitalOceanSettings& settings, const Possession& possession,
                             const Services& services, Task& task) {
  DigitalOceanApi api(settings.endpoint, settings.token, services);
  if (possession.kind == droplet_kind)
    return dispose_of_droplet(api, "/v2/droplets/" + url_word(possession.id), task);
  for (const auto& [kind, folder] : {std::pair{key_kind, "/v2/account/keys/"},
                                     {firewall_kind, "/v2/firewalls/"},
                                     {address_kind, "/v2/reserved_ips/"}}) {
    if (possession.kind == kind)
      return delete_at_digitalocean(api, folder + url_word(possession.id), Milliseconds(0), task);
  }
  throw Error(fmt::format("DigitalOcean has no \"{}\"", possession.kind));
}

}  // namespace dm
