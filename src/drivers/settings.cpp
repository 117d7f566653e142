// The part that all drivers' records share.
#include "drivers/settings.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace dm {
namespace {

const SettingsTable<CommonSettings>& table() {
  static const SettingsTable<CommonSettings> rows(
      "", {
              {.key = "IPAddress", .member = &CommonSettings::address},
              {.key = "MachineName", .member = &CommonSettings::machine_name},
              {.key = "SSHUser", .member = &CommonSettings::ssh_user},
              {.key = "SSHPort", .member = &CommonSettings::ssh_port},
              {.key = "SSHKeyPath", .member = &CommonSettings::ssh_key_path},
              {.key = "StorePath", .member = &CommonSettings::store_path},
              {.key = "SwarmMaster", .member = &CommonSettings::swarm_master},
              {.key = "SwarmHost", .member = &CommonSettings::swarm_host},
              {.key = "SwarmDiscovery", .member = &CommonSettings::swarm_discovery},
          });
  return rows;
}

}  // namespace

CommonSettings common_from_record(const Json& record) { return table().from_record(record); }

void common_to_record(const CommonSettings& common, Json& record) { table().to_record(common, record); }

CommonSettings common_of(const NewMachine& machine) {
  CommonSettings common;
  common.machine_name = machine.name;
  common.store_path = machine.store_path;
  return common;
}

std::string machine_file(const CommonSettings& common, const std::string& file) {
  return (fs::path(common.store_path) / "machines" / common.machine_name / file).string();
}

std::string imported_key_name(const std::string& key_file) {
  constexpr std::array taken{"ca.pem",      "cert.pem",        "key.pem",    "server.pem", "server-key.pem",
                             "config.json", "config.json.bak", "notes.json", "known_hosts"};
  const std::string name = fs::path(key_file).filename().string();
  return std::ranges::find(taken, name) == taken.end() ? name : "ssh-" + name;
}

SshTarget ssh_target_of(const CommonSettings& common) {
  SshTarget target;
  target.host = common.address;
  target.port = common.ssh_port > 0 ? static_cast<int>(common.ssh_port) : 22;
  target.user = common.ssh_user.empty() ? "root" : common.ssh_user;
  target.key_file = common.ssh_key_path;
  target.known_hosts = machine_file(common, "known_hosts");
  target.host_alias = common.machine_name;
  return target;
}

std::string docker_url_of(const std::string& address, int port) {
  return address.empty() ? "" : "tcp://" + host_port(address, port);
}

void Driver::claim(const std::string& store_id, const Save& save, Task& task) {
  move_to_store(store_id, task);
  save();
}

Existing DriverType::find_existing(const NewMachine& /*machine*/, const FlagValues& /*values*/,
                                   const Services& /*services*/, Task& /*task*/) {
  throw Error("Nothing can be adopted with the driver \"" + name() +
                  "\": the drivers generic, amazonec2 and digitalocean can",
              Reason::usage);
}

std::vector<Surveyed> DriverType::survey(std::span<Driver* const> drivers, Task& task) {
  std::vector<Surveyed> outcomes;
  for (Driver* driver : drivers) {
    Surveyed outcome;
    try {
      outcome.observation = driver->observe(task);
    } catch (const Error& error) {
      outcome.error = error;
      outcome.observation.endpoint = driver->endpoint();
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace dm
