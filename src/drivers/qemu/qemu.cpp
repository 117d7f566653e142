// The driver "qemu".
#include "drivers/qemu/qemu.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/strings.h"
#include "drivers/qemu/qemu_machine.h"

namespace dm {
namespace {

std::string new_uuid() {
  std::string digits = random_hex(32);
  digits[12] = '4', digits[16] = "89ab"[digits[16] % 4];
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                     digits.substr(16, 4), digits.substr(20));
}

std::string absolute_path(const std::string& path) {
  std::error_code code;
  const fs::path absolute = fs::absolute(path, code);
  if (code) throw Error(fmt::format("cannot tell where \"{}\" is: {}", path, error_text(code.value())));
  return absolute.lexically_normal().string();
}

/// The kind of driver.
class QemuDriverType final : public DriverType {
 public:
  explicit QemuDriverType(LoopbackAddresses addresses) : addresses_(std::move(addresses)) {}

  const std::string& name() const override {
    static const std::string name = "qemu";
    return name;
  }
  std::vector<Flag> flags(const Services&, Task&) override { return qemu_settings().flags(); }
  Json configure(const NewMachine& machine, const FlagValues& values, const Services& services,
                 Task& task) override;
  std::vector<LivingSetting> settings(const Json& record) override { return qemu_settings().living(record); }
  Json changed(const Json& record, const FlagValues& values) override;
  Traits traits() const override { return {.tagged = false}; }
  std::string why_bound_to_computer() const override {
    return "it is a virtual machine of the computer that made it, with its disk there";
  }
  std::vector<std::string> local_files() const override {
    return {"disk.qcow2", "seed.iso", "console.log", "console.log.1", "qemu.pid"};
  }
  std::unique_ptr<Driver> open(const Json& record, const Services& services) override {
    return std::make_unique<QemuMachine>(record, services, addresses_);
  }
  std::vector<Surveyed> survey(std::span<Driver* const> drivers, Task& task) override;

 private:
  LoopbackAddresses addresses_;
};

Json QemuDriverType::configure(const NewMachine& machine, const FlagValues& values, const Services&, Task&) {
  QemuSettings settings = qemu_settings().from_flags(values);
  check_values(settings);
  if (!settings.image.empty()) {
    const auto local = local_path(settings.image);
    if (local) settings.image = absolute_path(local->string());
  }
  if (!settings.user_data.empty()) settings.user_data = absolute_path(settings.user_data);
  settings.uuid = new_uuid();

  CommonSettings common = common_of(machine);
  common.ssh_user = settings.ssh_user;
  common.ssh_port = first_ssh_port;
  common.ssh_key_path = machine_file(common, "id_rsa");
  common.swarm_master = machine.swarm.master;
  common.swarm_host = machine.swarm.host;
  common.swarm_discovery = machine.swarm.discovery;
  Json record = Json::object();
  common_to_record(common, record);
  qemu_settings().to_record(settings, record);
  return record;
}

Json QemuDriverType::changed(const Json& record, const FlagValues& values) {
  const QemuSettings former = qemu_settings().from_record(record);
  const QemuSettings settings = qemu_settings().changed(record, values);
  check_values(settings);
  if (architecture_of_program(settings.program) != architecture_of_program(former.program)) {
    throw Error(fmt::format("--qemu-program {}: the machine is of the architecture of {}", settings.program,
                            former.program),
                Reason::usage);
  }
  const long long ssh_port = common_from_record(record).ssh_port;
  for (const auto& text : settings.open_ports) {
    const OpenPort open = parse_open_port(open_port_flag, text);
    if (open.protocol == "tcp" && open.port == ssh_port) {
      throw Error(fmt::format("--{} {}: the machine's SSH server is at that port of its address",
                              open_port_flag, text),
                  Reason::usage);
    }
  }
  Json changed = record;
  qemu_settings().to_record(settings, changed);
  return changed;
}

// One exchange takes well under a millisecond; the threads are for a qemu that is stopped or swapped out.
std::vector<Surveyed> QemuDriverType::survey(std::span<Driver* const> drivers, Task& task) {
  std::vector<Surveyed> outcomes(drivers.size());
  std::atomic<size_t> next{0};
  const auto failed = [&](size_t i, const Error& error) {
    outcomes[i].error = error;
    outcomes[i].observation.endpoint = drivers[i]->endpoint();
  };
  const auto work = [&] {
    for (size_t i = next++; i < drivers.size(); i = next++) {
      try {
        Task own = task;
        outcomes[i].observation = drivers[i]->observe(own);
      } catch (const Error& error) {
        failed(i, error);
      } catch (const std::exception& error) {
        failed(i, Error(error.what()));  // or else it would end the program, from a thread
      } catch (const Cancelled&) {
        return;  // thrown again below, on the caller's thread
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min<size_t>(drivers.size(), 8); ++i) threads.emplace_back(work);
    work();
  }
  if (task.stopped()) throw Cancelled();
  return outcomes;
}

}  // namespace

DriverType& qemu_driver_type() {
  static QemuDriverType type{LoopbackAddresses()};
  return type;
}

std::unique_ptr<DriverType> make_qemu_driver_type(LoopbackAddresses addresses) {
  return std::make_unique<QemuDriverType>(std::move(addresses));
}

}  // namespace dm
