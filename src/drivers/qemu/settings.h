#pragma once
#include <string>
#include <vector>

#include "drivers/qemu/command_line.h"
#include "drivers/settings.h"

namespace dm {

/// The flag of open ports, without dashes.
inline constexpr const char* open_port_flag = "qemu-open-port";

/// What is set and known of a qemu machine, besides the common keys.
struct QemuSettings {
  long long cpus = 1;
  long long memory = 1024;      ///< MB
  long long disk_size = 20000;  ///< MB
  std::string image;            ///< empty: the default one
  std::string image_checksum;
  std::vector<std::string> open_ports;
  std::string ssh_user = "docker";
  std::string program = program_for(architecture_of_computer());
  std::string accelerator = "auto";
  std::string user_data;  ///< path

  std::string uuid;              ///< by which its process is known
  std::string loopback_address;  ///< reserved, also while the machine is stopped
  std::string used_accelerator;  ///< at the last start
};

/// The one declaration of the settings.
const SettingsTable<QemuSettings>& qemu_settings();
/// Error(usage) for values that make no machine.
void check_values(const QemuSettings& settings);

}  // namespace dm
