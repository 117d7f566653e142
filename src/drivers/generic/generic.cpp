// The generic driver: a host that somebody else made, reached over SSH.
#include "drivers/generic/generic.h"

#include <fmt/core.h>

#include "base/socket.h"
#include "base/strings.h"
#include "drivers/reboot.h"
#include "drivers/settings.h"

namespace dm {
namespace {

constexpr auto probe_limit = std::chrono::seconds(15);
constexpr auto reboot_limit = std::chrono::minutes(5);

struct GenericSettings {
  long long engine_port = default_engine_port;
  std::string ssh_key;  ///< the file that was imported
};

/// What comes from flags and lies in the common part of the record.
struct GenericFlags {
  std::string address;
  std::string ssh_user = "root";
  long long ssh_port = 22;
};

const SettingsTable<GenericSettings>& table() {
  static const SettingsTable<GenericSettings> rows(
      "generic", {{.key = "EnginePort",
                   .member = &GenericSettings::engine_port,
                   .flag = "generic-engine-port",
                   .variable = "GENERIC_ENGINE_PORT",
                   .help = "Docker engine port",
                   .change = Change::engine},
                  {.key = "SSHKey",
                   .member = &GenericSettings::ssh_key,
                   .flag = "generic-ssh-key",
                   .variable = "GENERIC_SSH_KEY",
                   .help = "SSH private key path (if not provided, default SSH key will be used)",
                   .change = Change::login}});
  return rows;
}

const SettingsTable<GenericFlags>& common_table() {
  static const SettingsTable<GenericFlags> rows("generic", {{.key = "IPAddress",
                                                             .member = &GenericFlags::address,
                                                             .flag = "generic-ip-address",
                                                             .variable = "GENERIC_IP_ADDRESS",
                                                             .help = "IP Address of machine",
                                                             .required = true,
                                                             .change = Change::login},
                                                            {.key = "SSHUser",
                                                             .member = &GenericFlags::ssh_user,
                                                             .flag = "generic-ssh-user",
                                                             .variable = "GENERIC_SSH_USER",
                                                             .help = "SSH user",
                                                             .change = Change::login},
                                                            {.key = "SSHPort",
                                                             .member = &GenericFlags::ssh_port,
                                                             .flag = "generic-ssh-port",
                                                             .variable = "GENERIC_SSH_PORT",
                                                             .help = "SSH port",
                                                             .change = Change::login}});
  return rows;
}

void check_port(const char* flag, long long port) {
  if (port < 1 || port > 65535) {
    throw Error(fmt::format("--{} must be a port between 1 and 65535, not {}", flag, port), Reason::usage);
  }
}

void check_ports(const GenericSettings& settings, const GenericFlags& flags) {
  check_port("generic-ssh-port", flags.ssh_port);
  check_port("generic-engine-port", settings.engine_port);
}

/// A key file of the user's, wherever it was named from; Error if it cannot be read.
std::string readable_key(const std::string& path) {
  in_context("unable to read the SSH key", [&] { return read_file(path); });
  return fs::absolute(path).lexically_normal().string();
}

/// Whether the machine's copy of the user's key is still what that is.
bool is_copy(const std::string& copy, const std::string& key) {
  const auto content = copy.empty() || key.empty() ? std::nullopt : read_file_if_there(key);
  return content && read_file_if_there(copy) == content;
}

State state_of(const ProbeOutcome& outcome) { return outcome ? State::stopped : State::running; }

class GenericDriver final : public Driver {
 public:
  GenericDriver(Json record, const Services& services)
      : record_(std::move(record)),
        common_(common_from_record(record_)),
        settings_(table().from_record(record_)),
        services_(services) {}

  void check(Task&) override {
    if (settings_.ssh_key.empty()) return;
    std::error_code ignored;
    if (!fs::exists(settings_.ssh_key, ignored)) {
      throw Error("SSH key does not exist: " + go_quote(settings_.ssh_key));
    }
    in_context("unable to read the SSH key", [&] { return read_file(settings_.ssh_key); });
  }

  void create(const Save& save, Task& task) override {
    if (settings_.ssh_key.empty()) {
      task.info("No SSH key specified. Assuming an existing key at the default location.");
      return;
    }
    import_key(task);
    save();
    import_public_key(task);
  }

  /// A new key is used where the user has it until it is known to open the machine; then it is copied.
  void apply(const Json& /*former*/, const Save& /*save*/, Task& task) override {
    if (settings_.ssh_key.empty() || common_.ssh_key_path != settings_.ssh_key) return;
    import_key(task);
    import_public_key(task);
  }

  void power(Power power, Task& task) override {
    switch (power) {
      case Power::start:
        throw Error("generic driver does not support start");
      case Power::stop:
        throw Error("generic driver does not support stop");
      case Power::kill:
        throw Error("generic driver does not support kill");
      case Power::restart:
        reboot(task);
    }
  }

  void remove(Task&) override {}

  Observation observe(Task& task) override {
    return {state_of(probe_tcp(ssh_port(), task.within(probe_limit))), endpoint()};
  }

  Endpoint endpoint() const override {
    return {.address = common_.address,
            .ssh = ssh_target_of(common_),
            .docker_url = docker_url_of(common_.address, static_cast<int>(settings_.engine_port))};
  }

  Json record() const override {
    Json record = record_;
    common_to_record(common_, record);
    table().to_record(settings_, record);
    return record;
  }

  HostPort ssh_port() const {
    const SshTarget target = ssh_target_of(common_);
    return {target.host, target.port};
  }

 private:
  void import_key(Task& task) {
    task.info("Importing SSH key...");
    common_.ssh_key_path = machine_file(common_, imported_key_name(settings_.ssh_key));
    in_context("unable to copy ssh key",
               [&] { write_file(common_.ssh_key_path, read_file(settings_.ssh_key), private_file); });
  }

  void import_public_key(Task& task) {
    try {
      write_file(common_.ssh_key_path + ".pub", read_file(settings_.ssh_key + ".pub"), private_file);
    } catch (const Error& error) {
      task.info(fmt::format("Couldn't copy SSH public key : {}", error.what()));
    }
  }

  void reboot(Task& task) {
    const SshTarget target = ssh_target_of(common_);
    const std::string before = boot_id(target, services_.ssh, task);
    try {
      const auto session = services_.ssh.connect(target, task);
      const auto result = session->run(
          {.line = "if [ \"$(id -u)\" = 0 ]; then shutdown -r now; else sudo -n shutdown -r now; fi",
           .limit = std::chrono::seconds(30)},
          task);
      if (!result.ok() && !result.error.empty())
        throw Error("cannot restart the host: " + std::string(trim(result.error)));
    } catch (const Error& error) {
      // The host may be gone before it has answered.
      if (error.reason() != Reason::unreachable && error.reason() != Reason::timed_out) throw;
    }
    wait_for_other_boot(before, target, services_.ssh, reboot_limit, task);
  }

  Json record_;
  CommonSettings common_;
  GenericSettings settings_;
  Services services_;
};

class GenericType final : public DriverType {
 public:
  const std::string& name() const override {
    static const std::string name = "generic";
    return name;
  }

  std::vector<Flag> flags(const Services&, Task&) override {
    auto flags = table().flags();
    for (auto& flag : common_table().flags()) flags.push_back(std::move(flag));
    return flags;
  }

  Json configure(const NewMachine& machine, const FlagValues& values, const Services&, Task&) override {
    const GenericSettings settings = table().from_flags(values);
    const GenericFlags given = common_table().from_flags(values);
    check_ports(settings, given);
    CommonSettings common = common_of(machine);
    common.address = given.address;
    common.ssh_user = given.ssh_user;
    common.ssh_port = given.ssh_port;
    Json record = Json::object();
    common_to_record(common, record);
    table().to_record(settings, record);
    return record;
  }

  Existing find_existing(const NewMachine& machine, const FlagValues& values, const Services& services,
                         Task& task) override {
    Json record = configure(machine, values, services, task);
    const std::string key = table().from_record(record).ssh_key;
    if (!key.empty()) open(record, services)->check(task);
    return {.record = std::move(record),
            .key_file = key,
            .port_key = "EnginePort",
            .consequences = {fmt::format("\"docker-machine rm {}\" forgets the host and leaves it as it is",
                                         machine.name)}};
  }

  std::unique_ptr<Driver> open(const Json& record, const Services& services) override {
    return std::make_unique<GenericDriver>(record, services);
  }

  std::vector<LivingSetting> settings(const Json& record) override {
    auto settings = table().living(record);
    const std::string copy = common_from_record(record).ssh_key_path;
    for (auto& setting : settings) {
      // Where the user's file has another key by now, the machine's own is the one that is used.
      if (setting.flag.name == "generic-ssh-key" && !is_copy(copy, table().from_record(record).ssh_key))
        setting.value = copy;
    }
    for (auto& setting : common_table().living(record)) settings.push_back(std::move(setting));
    return settings;
  }

  Json changed(const Json& record, const FlagValues& values) override {
    GenericSettings settings = table().changed(record, values);
    const GenericFlags flags = common_table().changed(record, values);
    check_ports(settings, flags);
    CommonSettings common = common_from_record(record);
    common.address = flags.address;
    common.ssh_user = flags.ssh_user;
    common.ssh_port = flags.ssh_port;
    if (values.knows("generic-ssh-key")) {
      if (!settings.ssh_key.empty()) settings.ssh_key = readable_key(settings.ssh_key);
      common.ssh_key_path = settings.ssh_key;
    }
    Json changed = record;
    common_to_record(common, changed);
    table().to_record(settings, changed);
    return changed;
  }

  std::vector<Surveyed> survey(std::span<Driver* const> drivers, Task& task) override {
    std::vector<HostPort> ports;
    for (Driver* driver : drivers) ports.push_back(static_cast<GenericDriver*>(driver)->ssh_port());
    const auto probes = probe_tcp(ports, task.within(probe_limit));
    std::vector<Surveyed> outcomes;
    for (size_t i = 0; i < drivers.size(); ++i) {
      // Cut off by the caller's deadline rather than by ours: nothing is known then.
      const bool cut_off = probes[i] && probes[i]->reason() == Reason::timed_out && task.left().count() == 0;
      outcomes.push_back({{state_of(probes[i]), drivers[i]->endpoint()}, cut_off ? probes[i] : std::nullopt});
    }
    return outcomes;
  }

  Traits traits() const override { return {.started = false, .tagged = false}; }
};

}  // namespace

DriverType& generic_driver_type() {
  static GenericType type;
  return type;
}

}  // namespace dm
