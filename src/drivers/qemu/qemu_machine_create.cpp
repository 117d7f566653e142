// Making a virtual machine: its disk, its keys, its address.
#include <fmt/core.h>

#include <algorithm>

#include "base/socket.h"
#include "base/strings.h"
#include "drivers/qemu/qemu_machine.h"
#include "drivers/qemu/seed.h"

namespace dm {
namespace {

constexpr int last_ssh_port = 2299;
constexpr const char* install_hint = "On Debian and Ubuntu: sudo apt-get install qemu-system-x86 qemu-utils";

}  // namespace

/// Where distributions keep the firmware that arm64 needs.
std::string firmware_for(Architecture architecture) {
  if (architecture != Architecture::arm64) return {};
  for (const char* path : {"/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "/usr/share/AAVMF/AAVMF_CODE.fd",
                           "/usr/share/edk2/aarch64/QEMU_EFI.fd", "/usr/share/qemu/edk2-aarch64-code.fd"}) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  throw Error(
      "the firmware for arm64 machines is missing. On Debian and Ubuntu: sudo apt-get install "
      "qemu-efi-aarch64");
}

void QemuMachine::check(Task&) {
  const auto refuse = [](const std::string& text) { throw Error(text, Reason::check_failed); };
  if (!find_program(settings_.program))
    refuse(fmt::format("\"{}\" is not installed. {}", settings_.program, install_hint));
  if (!find_program("qemu-img")) refuse(fmt::format("\"qemu-img\" is not installed. {}", install_hint));
  try {
    firmware_for(architecture());
    if (const auto path = local_path(image().location); path && !fs::is_regular_file(*path)) {
      refuse(fmt::format("the image \"{}\" does not exist", path->string()));
    }
    if (!settings_.user_data.empty()) user_data_of({.user_data = read_file(settings_.user_data)});
  } catch (const Error& error) {
    refuse(error.what());
  } catch (const fs::filesystem_error& error) {
    refuse(error.what());
  }
  if (settings_.accelerator == "kvm" && !obstacle_to_kvm().empty()) refuse(obstacle_to_kvm());
}

void QemuMachine::create(const Save& save, Task& task) {
  make_folders(folder());
  const fs::path base = ImageCache(cache()).obtain(image(), services_, task);
  const ImageFacts facts = inspect_image(base, services_, task);
  write_identity();
  task.info("Creating the machine's disk...");
  // Relative, so that the store can be moved as a whole.
  make_overlay(folder(), disk_file, (fs::path("../../cache") / base.filename()).string(), facts,
               settings_.disk_size, services_, task);
  reserve_address(task);
  launch(Address::may_change, save, task);
}

/// The keys on both sides, so that already the first contact is between acquaintances.
void QemuMachine::write_identity() {
  const KeyPair login = make_rsa_key();
  const KeyPair host = make_ecdsa_key();
  write_file(common_.ssh_key_path, login.private_pem, private_file);
  write_file(common_.ssh_key_path + ".pub", login.public_ssh_line + "\n", 0644);
  write_file(machine_file(common_, "known_hosts"), common_.machine_name + " " + host.public_ssh_line + "\n",
             private_file);
  write_seed(login, host);
}

void QemuMachine::write_seed(const KeyPair& login, const KeyPair& host) {
  const Seed seed{
      .instance_id = "iid-" + settings_.uuid,
      .hostname = common_.machine_name,
      .user = common_.ssh_user,
      .authorized_key = login.public_ssh_line + " " + common_.machine_name,
      .host_key = host.private_pem,
      .host_public_key = host.public_ssh_line + " " + common_.machine_name,
      .user_data = settings_.user_data.empty() ? "" : read_file(settings_.user_data),
  };
  write_file(folder() / seed_file, seed_image(seed), private_file);
}

bool QemuMachine::ports_are_free(const std::string& address) {
  busy_port_.clear();
  std::vector<int> ports{default_engine_port};
  for (const auto& text : settings_.open_ports) {
    const OpenPort open = parse_open_port(open_port_flag, text);
    if (open.protocol == "tcp") ports.push_back(open.port);
  }
  for (const int port : ports) {
    if (can_listen(address, port)) continue;
    busy_port_ = std::to_string(port);
    return false;
  }
  for (int port = first_ssh_port; port <= last_ssh_port; ++port) {
    if (std::ranges::count(ports, port) > 0 || !can_listen(address, port)) continue;
    common_.ssh_port = port;
    return true;
  }
  busy_port_ = fmt::format("{} to {}", first_ssh_port, last_ssh_port);
  return false;
}

void QemuMachine::reserve_address(Task& task) {
  busy_port_.clear();
  addresses_.release(folder(), task);
  try {
    settings_.loopback_address = addresses_.reserve(
        folder(), [&](const std::string& address) { return ports_are_free(address); }, task);
  } catch (const Error&) {
    if (busy_port_.empty()) throw;
    const bool low = number_or_minus_one(busy_port_) > 0 && number_or_minus_one(busy_port_) < 1024;
    throw Error(fmt::format("port {} cannot be listened on at any address of this computer{}", busy_port_,
                            low ? ": ports below 1024 need root" : ": does a program listen on 0.0.0.0?"));
  }
}

Endpoint QemuMachine::endpoint() const {
  return {.address = common_.address,
          .ssh = ssh_target_of(common_),
          .docker_url = docker_url_of(common_.address, default_engine_port)};
}

Json QemuMachine::record() const {
  Json record = record_;
  common_to_record(common_, record);
  qemu_settings().to_record(settings_, record);
  return record;
}

}  // namespace dm
