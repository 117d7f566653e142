#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "drivers/open_port.h"

namespace dm {

enum class Architecture { amd64, arm64 };
enum class Accelerator { kvm, tcg };

/// The architecture of this computer.
Architecture architecture_of_computer();
/// The architecture that a qemu program emulates, by its name; this computer's if the name does not tell.
Architecture architecture_of_program(std::string_view program);
/// The qemu program for an architecture, e.g. "qemu-system-x86_64".
std::string program_for(Architecture architecture);

/// One machine as qemu is told of it.
struct VirtualMachine {
  std::string program;
  Architecture architecture = Architecture::amd64;
  Accelerator accelerator = Accelerator::tcg;
  std::string firmware;  ///< path; empty: qemu's own (arm64 needs one)
  std::string name, uuid;
  long long cpus = 1;
  long long memory = 1024;  ///< MB
  std::string address;      ///< the loopback address on which its ports appear
  int ssh_port = 2222;
  int engine_port = 2376;
  std::vector<OpenPort> open_ports;
};

/// Names of a machine's files, in its folder. qemu runs there, so that no path has to be quoted in its
/// language.
inline constexpr const char* disk_file = "disk.qcow2";
inline constexpr const char* seed_file = "seed.iso";
inline constexpr const char* console_file = "console.log";

/// The arguments, the program first. It goes to the background by itself once the machine runs.
std::vector<std::string> command_line(const VirtualMachine& machine);

}  // namespace dm
