// qemu's arguments, in full.
#include "drivers/qemu/command_line.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/strings.h"

namespace dm {
namespace {

VirtualMachine a_machine() {
  return {.program = "qemu-system-x86_64",
          .accelerator = Accelerator::tcg,
          .name = "dev",
          .uuid = "0b1c",
          .cpus = 2,
          .memory = 1024,
          .address = "127.8.1.5",
          .ssh_port = 2222,
          .engine_port = 2376,
          .open_ports = {{8000, "tcp"}, {53, "udp"}}};
}

TEST(CommandLine, IsThis) {
  EXPECT_EQ(join(command_line(a_machine()), "\n"), R"(qemu-system-x86_64
-name
guest=dev
-uuid
0b1c
-machine
q35
-accel
tcg,thread=multi,tb-size=512
-cpu
max
-smp
2
-m
1024M
-nodefaults
-no-user-config
-display
none
-drive
if=none,id=disk,file=disk.qcow2,format=qcow2,discard=unmap
-device
virtio-blk-pci,drive=disk,bootindex=0,romfile=
-drive
if=none,id=seed,file=seed.iso,format=raw,readonly=on
-device
virtio-blk-pci,drive=seed,romfile=
-netdev
user,id=net,ipv6=off,hostname=dev,hostfwd=tcp:127.8.1.5:2222-:22,hostfwd=tcp:127.8.1.5:2376-:2376,hostfwd=tcp:127.8.1.5:8000-:8000,hostfwd=udp:127.8.1.5:53-:53
-device
virtio-net-pci,netdev=net,romfile=
-device
virtio-rng-pci,romfile=
-chardev
file,id=console,path=console.log
-serial
chardev:console
-qmp
unix:qmp.sock,server=on,wait=off
-pidfile
qemu.pid
-daemonize)");
}

TEST(CommandLine, DiffersForKvmAndArm) {
  VirtualMachine machine = a_machine();
  machine.accelerator = Accelerator::kvm;
  machine.architecture = Architecture::arm64;
  machine.firmware = "/firmware.fd";
  const std::string text = join(command_line(machine), " ");
  EXPECT_TRUE(text.contains("-machine virt,gic-version=max -accel kvm -cpu host ")) << text;
  EXPECT_TRUE(text.ends_with("-bios /firmware.fd")) << text;
}

TEST(CommandLine, DoublesCommas) {
  VirtualMachine machine = a_machine();
  machine.name = "a,b";
  EXPECT_TRUE(join(command_line(machine), " ").contains("-name guest=a,,b "));
}

TEST(CommandLine, KnowsProgramsByTheirNames) {
  EXPECT_EQ(architecture_of_program("/opt/aarch64/qemu-system-x86_64"), Architecture::amd64);
  EXPECT_EQ(architecture_of_program("qemu-system-aarch64"), Architecture::arm64);
  EXPECT_EQ(architecture_of_program("/usr/libexec/qemu-kvm"), architecture_of_computer());
}

}  // namespace
}  // namespace dm
