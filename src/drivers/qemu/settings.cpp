// The qemu driver's settings.
#include "drivers/qemu/settings.h"

#include <fmt/core.h>

#include <set>

#include "drivers/qemu/image.h"

namespace dm {

const SettingsTable<QemuSettings>& qemu_settings() {
  using S = QemuSettings;
  static const SettingsTable<QemuSettings> table(
      "qemu", {
                  {.key = "CPU",
                   .member = &S::cpus,
                   .flag = "qemu-cpu-count",
                   .variable = "QEMU_CPU_COUNT",
                   .help = "Number of CPUs of the machine (less than 1: as many as this computer has)",
                   .change = Change::next_start},
                  {.key = "Memory",
                   .member = &S::memory,
                   .flag = "qemu-memory",
                   .variable = "QEMU_MEMORY_SIZE",
                   .help = "Memory of the machine in MB",
                   .change = Change::next_start},
                  {.key = "DiskSize",
                   .member = &S::disk_size,
                   .flag = "qemu-disk-size",
                   .variable = "QEMU_DISK_SIZE",
                   .help = "Disk of the machine in MB"},
                  {.key = "Image",
                   .member = &S::image,
                   .flag = "qemu-image",
                   .variable = "QEMU_IMAGE",
                   .help = "Disk image with cloud-init: a path or URL (default: Debian 12's cloud image)"},
                  {.key = "ImageChecksum",
                   .member = &S::image_checksum,
                   .flag = "qemu-image-checksum",
                   .variable = "QEMU_IMAGE_CHECKSUM",
                   .help = "Expected checksum of the image: sha512:HEX or sha256:HEX"},
                  {.key = "OpenPorts",
                   .member = &S::open_ports,
                   .flag = open_port_flag,
                   .variable = "QEMU_OPEN_PORT",
                   .help = "Make the port of the machine reachable at its address, as PORT[/PROTO]",
                   .change = Change::next_start},
                  {.key = "SSHUser",
                   .member = &S::ssh_user,
                   .flag = "qemu-ssh-user",
                   .variable = "QEMU_SSH_USER",
                   .help = "Name of the user that is made on the machine"},
                  {.key = "Program",
                   .member = &S::program,
                   .flag = "qemu-program",
                   .variable = "QEMU_PROGRAM",
                   .help = "The qemu program, by its name or path",
                   .change = Change::next_start},
                  {.key = "Accelerator",
                   .member = &S::accelerator,
                   .flag = "qemu-accel",
                   .variable = "QEMU_ACCEL",
                   .help = "How the machine's processor is made: auto, kvm or tcg (software emulation)",
                   .change = Change::next_start},
                  {.key = "UserData",
                   .member = &S::user_data,
                   .flag = "qemu-user-data",
                   .variable = "QEMU_USER_DATA",
                   .help = "File with cloud-init user-data of your own, which is merged"},
                  {.key = "UUID", .member = &S::uuid},
                  {.key = "LoopbackAddress", .member = &S::loopback_address},
                  {.key = "UsedAccelerator", .member = &S::used_accelerator},
              });
  return table;
}

void check_values(const QemuSettings& settings) {
  const auto refuse = [](const std::string& text) { throw Error(text, Reason::usage); };
  if (settings.memory < 64)
    refuse(fmt::format("--qemu-memory {}: a machine needs 64 MB at least", settings.memory));
  if (settings.disk_size < 1) refuse(fmt::format("--qemu-disk-size {} is no size in MB", settings.disk_size));
  if (settings.ssh_user.empty()) refuse("--qemu-ssh-user needs a name");
  if (settings.program.empty()) refuse("--qemu-program needs a name or path");
  if (settings.accelerator != "auto" && settings.accelerator != "kvm" && settings.accelerator != "tcg") {
    refuse(fmt::format("--qemu-accel \"{}\" is not known: give auto, kvm or tcg", settings.accelerator));
  }
  check_form(settings.image_checksum);
  if (!settings.image_checksum.empty() && settings.image.empty()) {
    refuse("--qemu-image-checksum is for an image of your own: give --qemu-image too");
  }
  std::set<std::pair<int, std::string>> taken{{default_engine_port, "tcp"}};
  for (const auto& text : settings.open_ports) {
    const OpenPort open = parse_open_port(open_port_flag, text);
    if (!taken.emplace(open.port, open.protocol).second) {
      refuse(fmt::format("--qemu-open-port {}: the port is open already", text));
    }
  }
}

}  // namespace dm
