// The driver "amazonec2".
#include "drivers/amazonec2/amazonec2.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "drivers/amazonec2/existing.h"
#include "drivers/amazonec2/machine.h"
#include "drivers/amazonec2/possessions.h"
#include "drivers/amazonec2/region.h"
#include "drivers/amazonec2/survey.h"
#include "keys/digest.h"

namespace dm {
namespace {

constexpr int account_digits = 8;

std::string absolute_path(const std::string& path) {
  if (path.empty()) return path;
  std::error_code code;
  const fs::path absolute = fs::absolute(path, code);
  return code ? path : absolute.lexically_normal().string();
}

void check_login(const Ec2Login& login) {
  if (login.user.empty()) throw Error("--amazonec2-ssh-user needs a name", Reason::usage);
  if (login.port < 1 || login.port > 65535)
    throw Error(fmt::format("--amazonec2-ssh-port {} is no port", login.port), Reason::usage);
}

/// The kind of driver.
class Ec2DriverType final : public DriverType {
 public:
  const std::string& name() const override {
    static const std::string name = "amazonec2";
    return name;
  }

  std::vector<Flag> flags(const Services&, Task&) override {
    auto flags = ec2_settings().flags();
    for (auto& flag : ec2_login().flags()) flags.push_back(std::move(flag));
    return flags;
  }

  std::vector<Flag> flags_of_existing() const override {
    return {{.name = instance_flag, .help = "Instance that exists, by its id"}};
  }

  Existing find_existing(const NewMachine& machine, const FlagValues& values, const Services& services,
                         Task& task) override {
    const Json record = configure(machine, values, services, task);
    return existing_instance(values.text(instance_flag), common_from_record(record),
                             ec2_settings().from_record(record), services, credentials_, task);
  }

  Json configure(const NewMachine& machine, const FlagValues& values, const Services& services,
                 Task&) override {
    Ec2Settings settings = ec2_settings_of(values, services);
    const Ec2Login login = ec2_login().from_flags(values);
    check_login(login);
    settings.store_id = machine.store_id;
    settings.user_data_file = absolute_path(settings.user_data_file);
    settings.private_key_path = absolute_path(settings.private_key_path);
    CommonSettings common = common_of(machine);
    common.ssh_user = login.user;
    common.ssh_port = login.port;
    common.ssh_key_path = machine_file(common, "id_rsa");
    common.swarm_master = machine.swarm.master;
    common.swarm_host = machine.swarm.host;
    common.swarm_discovery = machine.swarm.discovery;
    ports_of(settings, common);
    return ec2_record(common, settings);
  }

  std::vector<LivingSetting> settings(const Json& record) override {
    auto settings = ec2_settings().living(record);
    for (auto& setting : ec2_login().living(record)) settings.push_back(std::move(setting));
    return settings;
  }

  Json changed(const Json& record, const FlagValues& values) override {
    Ec2Settings settings = ec2_settings().changed(record, values);
    settings.retries = std::max(settings.retries, 0LL);
    check_changeable(settings);
    for (const auto& port : ec2_settings().from_record(record).open_ports) {
      if (std::ranges::find(settings.open_ports, port) == settings.open_ports.end()) {
        throw Error(
            fmt::format("the port {} stays open: other machines may use the security group too; close it "
                        "in the group itself",
                        port),
            Reason::usage);
      }
    }
    const Ec2Login login = ec2_login().changed(record, values);
    check_login(login);
    CommonSettings common = common_from_record(record);
    common.ssh_user = login.user;
    common.ssh_port = login.port;
    Json changed = record;
    common_to_record(common, changed);
    ec2_settings().to_record(settings, changed);
    return changed;
  }

  std::unique_ptr<Driver> open(const Json& record, const Services& services) override {
    return std::make_unique<Ec2Machine>(record, services, credentials_);
  }

  std::vector<Surveyed> survey(std::span<Driver* const> drivers, Task& task) override {
    std::vector<Ec2Machine*> machines;
    for (Driver* driver : drivers) machines.push_back(static_cast<Ec2Machine*>(driver));
    return survey_instances(machines, task);
  }

  /// Without the variables: where no keys are given, the usual chain is asked, and they are in it.
  std::vector<SecretKey> secret_keys() const override {
    auto keys = ec2_settings().secret_keys();
    for (auto& key : keys) key.variable.clear();
    return keys;
  }
  std::string account_of(const Json& record) const override {
    return account_name(ec2_settings().from_record(record));
  }

  Json account(const FlagValues& values, const Services& services) override {
    return ec2_record({}, ec2_settings_of(values, services));
  }

  std::vector<Possession> possessions(const Json& record, const std::string& store_id,
                                      const Services& services, Task& task) override {
    const Ec2Settings settings = ec2_settings().from_record(record);
    return ec2_possessions(ec2_client(settings, services, credentials_), settings.region, store_id, task);
  }

  void dispose(const Json& record, const Possession& possession, const Services& services,
               Task& task) override {
    const Ec2Settings settings = ec2_settings().from_record(record);
    dispose_of(ec2_client(settings, services, credentials_), possession, task);
  }

 private:
  AwsCredentialCache credentials_;
};

}  // namespace

QueryClient ec2_client(const Ec2Settings& settings, const Services& services, AwsCredentialCache& cache) {
  const std::string url = settings.endpoint.empty() ? endpoint_of("ec2", settings.region)
                                                    : endpoint_url(settings.endpoint, settings.insecure);
  const CredentialSource source = credential_source(settings);
  return {services.http,
          {.service = "ec2", .version = "2016-11-15", .url = url, .region = settings.region},
          static_cast<int>(settings.retries),
          [source, services, &cache](Task& task) { return cache.credentials(source, services, task); }};
}

CredentialSource credential_source(const Ec2Settings& settings) {
  return {.access_key = settings.access_key,
          .secret_key = settings.secret_key,
          .session_token = settings.session_token,
          .profile = settings.profile,
          .region = settings.region};
}

Json ec2_record(const CommonSettings& common, const Ec2Settings& settings) {
  Json record = Json::object();
  common_to_record(common, record);
  ec2_settings().to_record(settings, record);
  return record;
}

std::string account_name(const Ec2Settings& settings) {
  std::string name = settings.region;
  if (!settings.endpoint.empty()) name += " " + settings.endpoint;
  if (!settings.profile.empty()) name += " profile " + settings.profile;
  // Half of a secret, or what leads to it: only a trace of it is shown.
  if (!settings.access_key.empty())
    name += " key #" + hex_digest(DigestKind::sha256, settings.access_key).substr(0, account_digits);
  return name;
}

DriverType& amazonec2_driver_type() {
  static Ec2DriverType type;
  return type;
}

std::unique_ptr<DriverType> make_amazonec2_driver_type() { return std::make_unique<Ec2DriverType>(); }

}  // namespace dm
