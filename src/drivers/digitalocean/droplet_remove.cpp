// The end of a droplet and of all that was made for it; and its move to another store.
#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "base/strings.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/marks.h"

namespace dm {
namespace {

using Repeat = DigitalOceanApi::Repeat;

constexpr Milliseconds first_look = std::chrono::seconds(1), longest_look = std::chrono::seconds(3);
constexpr auto busy_limit = std::chrono::minutes(3);

/// Looks until something is found, or has had its time to appear; one look at least.
template <typename Look>
auto looked_for(Milliseconds fresh, Task& task, Look&& look) {
  Milliseconds left = fresh;
  for (Backoff backoff(first_look, longest_look);;) {
    auto found = look();
    if (!found.empty() || left.count() <= 0) return found;
    const auto before = task.clock().steady();
    backoff.pause(task);
    left -= std::chrono::duration_cast<Milliseconds>(task.clock().steady() - before);
  }
}

}  // namespace

void expect(const DigitalOceanAnswer& answer) {
  if (!answer.ok()) throw answer.failure();
}

void delete_at_digitalocean(DigitalOceanApi& api, const std::string& path, Milliseconds fresh, Task& task) {
  std::vector<DigitalOceanAnswer> last;
  looked_for(fresh, task, [&] {
    last = {api.send_when_free("DELETE", path, nullptr, Repeat::harmless, busy_limit, task)};
    return last.front().is_missing() ? std::vector<DigitalOceanAnswer>() : last;
  });
  if (!last.front().is_missing()) expect(last.front());
}

void DropletMachine::remove(Task& task) {
  std::vector<std::string> failures;
  std::vector<long long> droplets;
  std::optional<Reason> reason;
  // Each for itself: what cannot be removed keeps nothing else alive.
  const auto attempt = [&](const char* what, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      failures.push_back(fmt::format("{}: {}", what, error.what()));
      reason = error.reason();
    }
  };
  attempt("droplet", [&] { droplets = droplet_ids(task); });
  attempt("reserved IP", [&] { remove_address(droplets, task); });
  // But for an address that only its droplet leads to.
  const bool leads_to_address =
      !failures.empty() && settings_.reserved_ip.empty() && settings_.reserved_ip_requested != 0;
  if (leads_to_address) droplets.clear();
  attempt("firewall", [&] { remove_firewall(task); });
  for (const long long droplet : droplets) {
    attempt("droplet", [&] {
      delete_at_digitalocean(api_, fmt::format("/v2/droplets/{}", droplet),
                             freshness(settings_.droplet_requested), task);
    });
  }
  attempt("SSH key", [&] { remove_key(task); });
  if (failures.empty()) remove_tag(task);
  if (!failures.empty()) throw Error(join(failures, "\n"), *reason);
}

/// The tag of this machine's droplet in a store; no other machine ever has it, also none of the same name.
std::string DropletMachine::own_tag(const std::string& store_id) const {
  return machine_tag(store_id, common_.machine_name, settings_.id);
}

/// The droplets that are this machine's: by its number, or by its tag if the answer to the order was lost.
std::vector<long long> DropletMachine::droplet_ids(Task& task) {
  if (settings_.droplet_id != 0) return {settings_.droplet_id};
  if (settings_.droplet_requested == 0) return {};
  return looked_for(time_to_appear(settings_.droplet_requested), task, [&] {
    std::vector<long long> ids;
    for (const auto& droplet : droplets_tagged(api_, own_tag(settings_.store_id), task))
      if (const long long id = number_of(droplet, "id"); id != 0) ids.push_back(id);
    return ids;
  });
}

void DropletMachine::remove_address(const std::vector<long long>& droplets, Task& task) {
  std::vector<std::string> addresses;
  if (!settings_.reserved_ip.empty()) {
    addresses = {settings_.reserved_ip};
  } else if (settings_.reserved_ip_requested != 0) {
    addresses = looked_for(time_to_appear(settings_.reserved_ip_requested), task,
                           [&] { return addresses_of(droplets, task); });
  }
  for (const auto& address : addresses)
    delete_at_digitalocean(api_, "/v2/reserved_ips/" + url_word(address), Milliseconds(0), task);
}

/// The reserved IPs that lead to the droplets: they carry no tag or name.
std::vector<std::string> DropletMachine::addresses_of(const std::vector<long long>& droplets, Task& task) {
  std::vector<std::string> addresses;
  for (const auto& reserved : api_.list("/v2/reserved_ips", "reserved_ips", task)) {
    const long long droplet = number_of(member_of(reserved, "droplet"), "id");
    if (droplet != 0 && std::ranges::find(droplets, droplet) != droplets.end())
      addresses.push_back(text_of(reserved, "ip"));
  }
  return addresses;
}

void DropletMachine::remove_firewall(Task& task) {
  std::vector<std::string> ids;
  if (!settings_.firewall_id.empty()) {
    ids = {settings_.firewall_id};
  } else if (settings_.firewall_requested != 0) {
    const std::string name = firewall_name(settings_.store_id, common_.machine_name, settings_.id);
    ids = looked_for(time_to_appear(settings_.firewall_requested), task, [&] {
      std::vector<std::string> found;
      for (const auto& firewall : api_.list("/v2/firewalls", "firewalls", task))
        if (text_of(firewall, "name") == name) found.push_back(text_of(firewall, "id"));
      return found;
    });
  }
  for (const auto& id : ids)
    delete_at_digitalocean(api_, "/v2/firewalls/" + url_word(id), Milliseconds(0), task);
}

void DropletMachine::remove_key(Task& task) {
  if (!settings_.key_fingerprint.empty()) return;
  // The fingerprint was known before the key was registered.
  const std::string key =
      settings_.key_id != 0 ? std::to_string(settings_.key_id) : url_word(settings_.own_key_fingerprint);
  if (!key.empty()) delete_at_digitalocean(api_, "/v2/account/keys/" + key, Milliseconds(0), task);
}

/// A tag costs nothing: a token that may not delete it is no reason to keep the machine.
void DropletMachine::remove_tag(Task& task) {
  if (settings_.store_id.empty() || settings_.droplet_requested == 0) return;
  const std::string tag = own_tag(settings_.store_id);
  try {
    delete_at_digitalocean(api_, "/v2/tags/" + url_word(tag), Milliseconds(0), task);
  } catch (const Error& error) {
    task.warn(fmt::format("The tag {} stays: {}", tag, error.what()));
  }
}

void DropletMachine::move_to_store(const std::string& store_id, Task& task) {
  change_owner({settings_.store_id, common_.machine_name}, {store_id, common_.machine_name}, task);
  settings_.store_id = store_id;
}

void DropletMachine::take_name(const std::string& former, Task& task) {
  // Whatever the original made carries no mark of ours.
  if (!settings_.store_id.empty())
    change_owner({settings_.store_id, former}, {settings_.store_id, common_.machine_name}, task);
  if (settings_.droplet_id != 0)
    act_and_await("rename", Repeat::harmless, task, {{"name", common_.machine_name}});
}

void DropletMachine::change_owner(const Owner& former, const Owner& now, Task& task) {
  if (settings_.droplet_id != 0) retag(former, now, task);
  if (settings_.key_fingerprint.empty() && settings_.key_id != 0) {
    expect(api_.send("PUT", fmt::format("/v2/account/keys/{}", settings_.key_id),
                     {{"name", machine_mark(now.store_id, now.machine)}}, Repeat::harmless, task));
  }
  if (!settings_.firewall_id.empty()) rename_firewall(now, task);
}

/// The droplet as calls about tags name it.
Json DropletMachine::tagged_droplet() const {
  return {{"resources", Json::array({{{"resource_id", std::to_string(settings_.droplet_id)},
                                      {"resource_type", "droplet"}}})}};
}

/// First the new tags, so that the droplet is never without any.
void DropletMachine::retag(const Owner& former, const Owner& now, Task& task) {
  const Json droplet = tagged_droplet();
  const auto own_tag_of = [&](const Owner& owner) {
    return machine_tag(owner.store_id, owner.machine, settings_.id);
  };
  for (const auto& tag : {store_tag(now.store_id), own_tag_of(now)}) {
    expect(api_.send("POST", "/v2/tags", {{"name", tag}}, Repeat::harmless, task));
    expect(api_.send("POST", "/v2/tags/" + url_word(tag) + "/resources", droplet, Repeat::harmless, task));
  }
  if (former.store_id.empty()) return;
  if (former.store_id != now.store_id) {
    const auto answer = api_.send("DELETE", "/v2/tags/" + url_word(store_tag(former.store_id)) + "/resources",
                                  droplet, Repeat::harmless, task);
    if (!answer.is_missing()) expect(answer);
  }
  if (own_tag_of(former) != own_tag_of(now))
    delete_at_digitalocean(api_, "/v2/tags/" + url_word(own_tag_of(former)), Milliseconds(0), task);
}

void DropletMachine::rename_firewall(const Owner& now, Task& task) {
  auto changed = firewall(task);
  if (!changed) return;
  (*changed)["name"] = firewall_name(now.store_id, now.machine, settings_.id);
  expect(
      api_.send("PUT", "/v2/firewalls/" + url_word(settings_.firewall_id), *changed, Repeat::harmless, task));
}

std::optional<Json> DropletMachine::firewall(Task& task) {
  const DigitalOceanAnswer answer = api_.get("/v2/firewalls/" + url_word(settings_.firewall_id), task);
  if (answer.is_missing()) return std::nullopt;
  expect(answer);
  Json firewall = Json::object();
  for (const char* kept : {"name", "inbound_rules", "outbound_rules", "droplet_ids", "tags"})
    if (!member_of(answer.part("firewall"), kept).is_null()) firewall[kept] = answer.part("firewall")[kept];
  return firewall;
}

}  // namespace dm
