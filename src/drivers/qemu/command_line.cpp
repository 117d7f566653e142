// qemu's arguments.
#include "drivers/qemu/command_line.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/strings.h"
#include "drivers/qemu/qemu_process.h"
#include "drivers/qemu/qmp.h"

namespace dm {
namespace {

/// A value in a list that qemu parts at commas.
std::string value(std::string_view text) { return replace_all(std::string(text), ",", ",,"); }

std::string forwarded(const std::string& protocol, const std::string& address, int from, int to) {
  return fmt::format(",hostfwd={}:{}:{}-:{}", protocol, address, from, to);
}

std::string network(const VirtualMachine& machine) {
  // Without IPv6: the guest would prefer it, also where this computer has none.
  std::string text = "user,id=net,ipv6=off,hostname=" + value(machine.name);
  text += forwarded("tcp", machine.address, machine.ssh_port, 22);
  text += forwarded("tcp", machine.address, machine.engine_port, machine.engine_port);
  for (const auto& open : machine.open_ports)
    text += forwarded(open.protocol, machine.address, open.port, open.port);
  return text;
}

}  // namespace

Architecture architecture_of_computer() {
#if defined(__aarch64__)
  return Architecture::arm64;
#else
  return Architecture::amd64;
#endif
}

Architecture architecture_of_program(std::string_view program) {
  const auto name = program.substr(program.rfind('/') + 1);
  if (name.contains("aarch64")) return Architecture::arm64;
  if (name.contains("x86_64")) return Architecture::amd64;
  return architecture_of_computer();
}

std::string program_for(Architecture architecture) {
  return architecture == Architecture::arm64 ? "qemu-system-aarch64" : "qemu-system-x86_64";
}

std::vector<std::string> command_line(const VirtualMachine& machine) {
  const bool kvm = machine.accelerator == Accelerator::kvm;
  std::vector<std::string> arguments{
      machine.program,
      "-name",
      "guest=" + value(machine.name),
      "-uuid",
      machine.uuid,
      "-machine",
      machine.architecture == Architecture::arm64 ? "virt,gic-version=max" : "q35",
      "-accel",
      kvm ? "kvm" : "tcg,thread=multi,tb-size=512",
      "-cpu",
      kvm ? "host" : "max",
      "-smp",
      std::to_string(machine.cpus),
      "-m",
      fmt::format("{}M", machine.memory),
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-drive",
      fmt::format("if=none,id=disk,file={},format=qcow2,discard=unmap", disk_file),
      // No option ROMs: they only delay the start, and are a package of their own.
      "-device",
      "virtio-blk-pci,drive=disk,bootindex=0,romfile=",
      "-drive",
      fmt::format("if=none,id=seed,file={},format=raw,readonly=on", seed_file),
      "-device",
      "virtio-blk-pci,drive=seed,romfile=",
      "-netdev",
      network(machine),
      "-device",
      "virtio-net-pci,netdev=net,romfile=",
      "-device",
      "virtio-rng-pci,romfile=",
      "-chardev",
      fmt::format("file,id=console,path={}", console_file),
      "-serial",
      "chardev:console",
      "-qmp",
      fmt::format("unix:{},server=on,wait=off", Qmp::socket_name),
      "-pidfile",
      QemuProcess::file_name,
      "-daemonize",
  };
  if (!machine.firmware.empty()) {
    arguments.insert(arguments.end(), {"-bios", machine.firmware});
  }
  return arguments;
}

}  // namespace dm
