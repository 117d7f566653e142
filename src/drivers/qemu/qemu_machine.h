#pragma once
#include <optional>
#include <string>

#include "drivers/driver.h"
#include "drivers/qemu/acceleration.h"
#include "drivers/qemu/command_line.h"
#include "drivers/qemu/image.h"
#include "drivers/qemu/loopback.h"
#include "drivers/qemu/settings.h"
#include "keys/key_pair.h"

namespace dm {

/// The firmware that qemu needs for an architecture, a path; empty if its own will do. Error if it is
/// missing.
std::string firmware_for(Architecture architecture);

/// The first of the machine's ports on which its SSH server may appear.
inline constexpr int first_ssh_port = 2222;

/// One virtual machine.
class QemuMachine final : public Driver {
 public:
  QemuMachine(const Json& record, const Services& services, LoopbackAddresses addresses)
      : record_(record),
        common_(common_from_record(record)),
        settings_(qemu_settings().from_record(record)),
        services_(services),
        addresses_(std::move(addresses)) {}

  void check(Task& task) override;
  void create(const Save& save, Task& task) override;
  void power(Power power, Task& task) override;
  void remove(Task& task) override;
  void check_rename(Task& task) override;
  void take_name(const std::string& former, Task& task) override;
  Observation observe(Task& task) override;
  Endpoint endpoint() const override;
  Json record() const override;

 private:
  enum class Address { may_change, stays };
  struct AcceleratorChoice {
    Accelerator accelerator;
    bool sure = true;  ///< false: the machine has to show that it boots with it
  };

  fs::path folder() const { return fs::path(common_.store_path) / "machines" / common_.machine_name; }
  fs::path cache() const { return fs::path(common_.store_path) / "cache"; }
  Architecture architecture() const { return architecture_of_program(settings_.program); }
  ImageSource image() const {
    if (settings_.image.empty()) return default_image(architecture());
    return {settings_.image, settings_.image_checksum};
  }
  KvmTrial trial() const { return KvmTrial(cache(), settings_.program); }

  void write_identity();
  void write_seed(const KeyPair& login, const KeyPair& host);
  void reserve_address(Task& task);
  bool ports_are_free(const std::string& address);

  std::string obstacle_to_kvm() const;
  AcceleratorChoice choose_accelerator(Task& task);
  void launch(Address address, const Save& save, Task& task);
  void start_process(Accelerator accelerator, Address address, const Save& save, Task& task);
  std::optional<std::string> try_process(Accelerator accelerator, Task& task);
  VirtualMachine description(Accelerator accelerator) const;

  void start(Task& task);
  void press_power_button(const Task& task);
  void shut_down(Task& task);
  void end(Task& task);
  bool quit(Task& task);
  void end_processes(Milliseconds patience, Task& task);
  std::optional<State> ask_status(Task& task);
  void forget_address() { common_.address.clear(); }

  Json record_;
  CommonSettings common_;
  QemuSettings settings_;
  Services services_;
  LoopbackAddresses addresses_;
  std::string busy_port_;  ///< what ports_are_free() last found taken
};

}  // namespace dm
