// The driver "digitalocean".
#include "drivers/digitalocean/digitalocean.h"

#include <future>
#include <map>

#include "base/strings.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/existing.h"
#include "drivers/digitalocean/inventory.h"
#include "drivers/digitalocean/marks.h"

namespace dm {
namespace {

/// The kind of driver.
class DigitalOceanType final : public DriverType {
 public:
  explicit DigitalOceanType(DigitalOceanPace pace) : pace_(pace) {}

  const std::string& name() const override {
    static const std::string name = "digitalocean";
    return name;
  }
  std::vector<Flag> flags(const Services&, Task&) override {
    auto flags = digitalocean_settings().flags();
    for (auto& flag : digitalocean_login().flags()) flags.push_back(std::move(flag));
    return flags;
  }
  Json configure(const NewMachine& machine, const FlagValues& values, const Services& services,
                 Task& task) override;
  std::vector<LivingSetting> settings(const Json& record) override {
    auto settings = digitalocean_settings().living(record);
    for (auto& setting : digitalocean_login().living(record)) settings.push_back(std::move(setting));
    return settings;
  }
  Json changed(const Json& record, const FlagValues& values) override;
  std::vector<Flag> flags_of_existing() const override {
    return {{.name = droplet_id_flag, .help = "Droplet that exists, by its id"},
            {.name = droplet_name_flag, .help = "Droplet that exists, by its name"}};
  }
  Existing find_existing(const NewMachine& machine, const FlagValues& values, const Services& services,
                         Task& task) override {
    const Json record = configure(machine, values, services, task);
    return existing_droplet({.id = values.text(droplet_id_flag), .name = values.text(droplet_name_flag)},
                            common_from_record(record), digitalocean_settings().from_record(record), services,
                            task);
  }
  std::unique_ptr<Driver> open(const Json& record, const Services& services) override {
    return std::make_unique<DropletMachine>(record, services, pace_);
  }
  std::vector<Surveyed> survey(std::span<Driver* const> drivers, Task& task) override;

  std::vector<SecretKey> secret_keys() const override { return digitalocean_settings().secret_keys(); }
  std::string account_of(const Json& record) const override {
    return digitalocean_account(digitalocean_settings().from_record(record));
  }
  Json account(const FlagValues& values, const Services&) override {
    Json record = Json::object();
    digitalocean_settings().to_record(digitalocean_settings().from_flags(values), record);
    return record;
  }
  std::vector<Possession> possessions(const Json& record, const std::string& store_id,
                                      const Services& services, Task& task) override {
    return digitalocean_possessions(digitalocean_settings().from_record(record), store_id, services, task);
  }
  void dispose(const Json& record, const Possession& possession, const Services& services,
               Task& task) override {
    dispose_at_digitalocean(digitalocean_settings().from_record(record), possession, services, task);
  }

 private:
  DigitalOceanPace pace_;
};

Json DigitalOceanType::configure(const NewMachine& machine, const FlagValues& values, const Services&,
                                 Task&) {
  DigitalOceanSettings settings = digitalocean_settings().from_flags(values);
  const DigitalOceanLogin login = digitalocean_login().from_flags(values);
  check_values(settings, login);
  settings.id = random_hex(id_digits);
  settings.store_id = machine.store_id;
  CommonSettings common = common_of(machine);
  common.ssh_user = login.user;
  common.ssh_port = login.port;
  common.swarm_master = machine.swarm.master;
  common.swarm_host = machine.swarm.host;
  common.swarm_discovery = machine.swarm.discovery;
  Json record = Json::object();
  common_to_record(common, record);
  digitalocean_settings().to_record(settings, record);
  return record;
}

Json DigitalOceanType::changed(const Json& record, const FlagValues& values) {
  const DigitalOceanSettings settings = digitalocean_settings().changed(record, values);
  const DigitalOceanLogin login = digitalocean_login().changed(record, values);
  check_values(settings, login);
  CommonSettings common = common_from_record(record);
  common.ssh_user = login.user;
  common.ssh_port = login.port;
  Json changed = record;
  common_to_record(common, changed);
  digitalocean_settings().to_record(settings, changed);
  return changed;
}

std::vector<Surveyed> DigitalOceanType::survey(std::span<Driver* const> drivers, Task& task) {
  std::map<std::string, std::vector<size_t>> accounts;
  for (size_t i = 0; i < drivers.size(); ++i)
    accounts[digitalocean_account(static_cast<DropletMachine*>(drivers[i])->settings())].push_back(i);
  std::vector<Surveyed> outcomes(drivers.size());
  const auto ask = [&](const std::vector<size_t>& places) {
    std::vector<DropletMachine*> machines;
    for (const size_t i : places) machines.push_back(static_cast<DropletMachine*>(drivers[i]));
    Task own = task;
    auto answers = survey_droplets(machines, machines.front()->services(), own);
    for (size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(answers.at(i));
  };
  // An account that does not answer keeps no other one waiting.
  std::vector<std::future<void>> others;
  for (const auto& [name, places] : accounts)
    others.push_back(std::async(std::launch::async, [&ask, &places = places] { ask(places); }));
  for (auto& other : others) other.get();
  return outcomes;
}

}  // namespace

DriverType& digitalocean_driver_type() {
  static DigitalOceanType type{DigitalOceanPace()};
  return type;
}

std::unique_ptr<DriverType> make_digitalocean_driver_type(DigitalOceanPace pace) {
  return std::make_unique<DigitalOceanType>(pace);
}

}  // namespace dm
