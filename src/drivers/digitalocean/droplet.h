#pragma once
#include <optional>
#include <string>
#include <vector>

#include "drivers/digitalocean/api.h"
#include "drivers/digitalocean/digitalocean.h"
#include "drivers/digitalocean/settings.h"
#include "keys/key_pair.h"

namespace dm {

/// All droplets with a tag.
Json droplets_tagged(DigitalOceanApi& api, const std::string& tag, Task& task);
/// The name of the account that a record belongs to, with no secret in it.
std::string digitalocean_account(const DigitalOceanSettings& settings);

/// One droplet.
class DropletMachine final : public Driver {
 public:
  DropletMachine(const Json& record, const Services& services, DigitalOceanPace pace)
      : record_(record),
        common_(common_from_record(record)),
        settings_(digitalocean_settings().from_record(record)),
        services_(services),
        pace_(pace),
        api_(settings_.endpoint, settings_.token, services) {}

  void check(Task& task) override;
  void create(const Save& save, Task& task) override;
  void power(Power power, Task& task) override;
  void remove(Task& task) override;
  Observation observe(Task& task) override;
  Endpoint endpoint() const override;
  Json record() const override;
  void move_to_store(const std::string& store_id, Task& task) override;
  void take_name(const std::string& former, Task& task) override;
  void apply(const Json& former, const Save& save, Task& task) override;
  void claim(const std::string& store_id, const Save& save, Task& task) override;

  const DigitalOceanSettings& settings() const { return settings_; }
  const Services& services() const { return services_; }
  /// What a droplet that the API described means; also for the record.
  Observation observed(const Json& droplet);
  /// What it means that there is no such droplet: Error, unless it was asked for a moment ago.
  Observation observed_missing() const;

 private:
  enum class Outcome { completed, errored, running };

  // droplet_check.cpp
  void check_files() const;
  void check_name() const;
  void check_account(Task& task);
  void check_key(Task& task);
  void check_vpc(Task& task);
  void check_project(Task& task);
  void check_refers_to_file(const std::string& public_line) const;

  // droplet_create.cpp
  void prepare_key(const Save& save, Task& task);
  void register_key(const Save& save, Task& task);
  std::string user_data(const KeyPair& host_key) const;
  Json order(const std::string& user_data) const;
  void order_droplet(const std::string& user_data, const Save& save, Task& task);
  void await_address(Task& task);
  std::optional<Json> look(Milliseconds waited, Task& task);
  void make_firewall(const Save& save, Task& task);
  void reserve_address(const Save& save, Task& task);
  void join_project(Task& task);

  // droplet_change.cpp
  void change_tags(const DigitalOceanSettings& former, Task& task);
  void change_ports(const DigitalOceanSettings& former, const Save& save, Task& task);

  // droplet_power.cpp
  long long act(const std::string& type, DigitalOceanApi::Repeat repeat, Task& task,
                const Json& more = Json::object());
  Outcome await(long long action, Milliseconds limit, Task& task);
  void act_and_await(const std::string& type, DigitalOceanApi::Repeat repeat, Task& task,
                     const Json& more = Json::object());
  void shut_down(Task& task);
  void take_addresses(const Json& droplet);
  bool is_fresh(long long requested) const;
  Milliseconds freshness(long long requested) const;
  Milliseconds time_to_appear(long long requested) const;

  // droplet_remove.cpp
  std::string own_tag(const std::string& store_id) const;
  std::vector<long long> droplet_ids(Task& task);
  void remove_address(const std::vector<long long>& droplets, Task& task);
  std::vector<std::string> addresses_of(const std::vector<long long>& droplets, Task& task);
  void remove_firewall(Task& task);
  void remove_key(Task& task);
  void remove_tag(Task& task);
  struct Owner {
    std::string store_id, machine;
  };
  void change_owner(const Owner& former, const Owner& now, Task& task);
  void retag(const Owner& former, const Owner& now, Task& task);
  void rename_firewall(const Owner& now, Task& task);
  /// What a firewall is as the API takes it; nothing if it is gone.
  std::optional<Json> firewall(Task& task);
  Json tagged_droplet() const;

  long long now() const;

  Json record_;
  CommonSettings common_;
  DigitalOceanSettings settings_;
  Services services_;
  DigitalOceanPace pace_;
  DigitalOceanApi api_;
  std::string public_key_;  ///< the line of whoever may log in; empty: not known
};

/// A rule that lets everybody in at a port.
Json inbound_rule(const std::string& protocol, const std::string& ports);
/// Error if it was refused.
void expect(const DigitalOceanAnswer& answer);
/// Deletes something; what is gone is no error, and what is busy is waited for. A new droplet may be missing
/// for a while: it is tried again for `fresh`.
void delete_at_digitalocean(DigitalOceanApi& api, const std::string& path, Milliseconds fresh, Task& task);

}  // namespace dm
