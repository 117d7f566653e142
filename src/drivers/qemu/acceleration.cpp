// Finding out whether KVM boots machines here.
#include "drivers/qemu/acceleration.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/json.h"
#include "base/strings.h"
#include "drivers/qemu/patience.h"

#if defined(__x86_64__)
// The tiny system: a Multiboot image for address 1 MiB, where qemu enters it in 32-bit mode. It leaves by the
// debug exit device, to which it writes 42; whatever goes wrong on the way stops or resets it.
asm(R"(
  .pushsection .rodata
  .balign 16
tiny_system_begin:
  .long 0x1BADB002, 0x00010000, -0x1BADB002 - 0x00010000       # Multiboot, addresses follow
  .long 0x100000, 0x100000, 0, 0, 0x100000 + (tiny_start - tiny_system_begin)

  .code32
tiny_start:
  cld                                    # page tables at 64 KiB: the first 2 MiB as they are, for everyone
  movl $0x10000, %edi
  xorl %eax, %eax
  movl $0xc00, %ecx
  rep stosl
  movl $0x11007, 0x10000
  movl $0x12007, 0x11000
  movl $0x87, 0x12000
  movl %cr4, %eax
  orl $0x620, %eax                       # PAE and SSE
  movl %eax, %cr4
  movl $0x10000, %eax
  movl %eax, %cr3
  movl $0xc0000080, %ecx                 # EFER: long mode and system calls
  rdmsr
  orl $0x101, %eax
  wrmsr
  movl %cr0, %eax
  orl $0x80000000, %eax
  movl %eax, %cr0
  lgdt 0x100000 + (tiny_table_pointer - tiny_system_begin)
  ljmp $8, $0x100000 + (tiny_kernel - tiny_system_begin)

  .code64
tiny_kernel:
  movl $0xc0000081, %ecx                 # STAR: segments of kernel and user
  xorl %eax, %eax
  movl $0x00180008, %edx
  wrmsr
  movl $0xc0000082, %ecx                 # LSTAR: where system calls arrive
  movl $0x100000 + (tiny_system_call - tiny_system_begin), %eax
  xorl %edx, %edx
  wrmsr
  movl $0xc0000084, %ecx                 # SFMASK
  xorl %eax, %eax
  wrmsr
  movl $0x100000 + (tiny_user - tiny_system_begin), %ecx
  movl $2, %r11d
  sysretq
tiny_user:
  movl %cs, %eax
  syscall
tiny_system_call:
  cmpb $0x2b, %al                        # came from the user's segment
  jne tiny_stop
  movb $42, %al
  movw $0xf4, %dx
  outb %al, %dx
tiny_stop:
  hlt
  jmp tiny_stop

  .balign 8
tiny_table:
  .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
tiny_table_pointer:
  .word tiny_table_pointer - tiny_table - 1
  .long 0x100000 + (tiny_table - tiny_system_begin)
tiny_system_end:
  .popsection
)");
extern "C" const char tiny_system_begin[], tiny_system_end[];
#endif

namespace dm {
namespace {

constexpr int exit_of_tiny_system = 42 * 2 + 1;  // as the debug exit device makes it

std::string tiny_system() {
#if defined(__x86_64__)
  return {tiny_system_begin, tiny_system_end};
#else
  return {};
#endif
}

std::string first_line_with(const std::string& text, std::string_view start) {
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with(start)) return line;
  }
  return {};
}

constexpr std::array verdicts{"unknown", "plausible", "works", "broken"};

fs::path verdict_file(const fs::path& folder) { return folder / "qemu-acceleration.json"; }

/// A file that is gone when its scope is left.
class TemporaryFile {
 public:
  TemporaryFile(fs::path path, const std::string& content) : path_(std::move(path)) {
    write_file(path_, content, private_file);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

 private:
  fs::path path_;
};

/// One attempt to hear an SSH server's greeting; false when it refuses, hangs up or is silent for too long.
bool greets(const std::string& address, int port, const Task& task) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) return false;
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  bool greeted = false;
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0 ||
      errno == EINPROGRESS) {
    std::array<pollfd, 2> wanted{{{descriptor, POLLIN, 0}, {task.stop_descriptor(), POLLIN, 0}}};
    poll(wanted.data(), wanted.size(), static_cast<int>(task.left().count()));
    std::array<char, 4> start{};
    greeted = wanted[0].revents != 0 &&
              recv(descriptor, start.data(), start.size(), 0) == std::ssize(start) &&
              std::string_view(start.data(), start.size()) == "SSH-";
  }
  close(descriptor);
  return greeted;
}

}  // namespace

std::string kvm_obstacle() {
  if (access("/dev/kvm", F_OK) != 0) return "KVM is not there on this computer";
  if (access("/dev/kvm", R_OK | W_OK) != 0)
    return "this user may not use KVM (/dev/kvm; often the group \"kvm\" may)";
  return {};
}

std::string KvmTrial::computer(const Services& services, const Task& task) const {
  utsname system{};
  uname(&system);
  const auto version = with_patience(
      task, std::chrono::seconds(30),
      fmt::format("\"{} --version\" does not end: try it by hand, or give --qemu-accel tcg", program_),
      [&](Task& limited) {
        return services.processes.run({.arguments = {program_, "--version"}}, limited);
      });
  const std::string boot = read_file_if_there("/proc/sys/kernel/random/boot_id").value_or("");
  const std::string processors = read_file_if_there("/proc/cpuinfo").value_or("");
  return fmt::format("{} | {} | {} | {}", first_line_with(processors, "model name"), system.release,
                     trim(boot), first_line_with(version.output, "QEMU"));
}

KvmVerdict KvmTrial::noted(const std::string& computer, const Task& task) const {
  try {
    const auto text = read_file_if_there(verdict_file(folder_));
    const Json noted = text ? parse_json(*text) : Json();
    if (text_of(noted, "Computer") != computer) return KvmVerdict::unknown;
    for (size_t i = 0; i < verdicts.size(); ++i) {
      if (text_of(noted, "Kvm") == verdicts[i]) return static_cast<KvmVerdict>(i);
    }
  } catch (const Error& error) {
    task.debug(fmt::format("what was known of KVM cannot be read: {}", error.what()));
  }
  return KvmVerdict::unknown;
}

KvmVerdict KvmTrial::verdict(const Services& services, Task& task) const {
  const std::string here = computer(services, task);
  if (const auto verdict = noted(here, task); verdict != KvmVerdict::unknown) return verdict;
  make_folders(folder_);
  const fs::path lock_file = folder_ / ".qemu-acceleration.lock";
  const FileLock lock = with_patience(
      task, std::chrono::seconds(60),
      fmt::format("another docker-machine has been trying KVM for a minute (\"{}\" is locked): end it, or "
                  "give --qemu-accel tcg",
                  lock_file.string()),
      [&](const Task& limited) { return FileLock::acquire(lock_file, limited); });
  if (const auto verdict = noted(here, task); verdict != KvmVerdict::unknown)
    return verdict;  // another process was quicker
  // Without a tiny system for this kind of computer the first machine has to tell.
  const bool runs = tiny_system().empty() || runs_a_system(Accelerator::kvm, services, task);
  const auto verdict = runs ? KvmVerdict::plausible : KvmVerdict::broken;
  note(verdict, here);
  return verdict;
}

void KvmTrial::note(KvmVerdict verdict, const std::string& computer) const {
  const Json note{{"Computer", computer}, {"Kvm", verdicts.at(static_cast<size_t>(verdict))}};
  make_folders(folder_);
  write_file(verdict_file(folder_), note.dump(1) + "\n", private_file);
}

bool KvmTrial::runs_a_system(Accelerator accelerator, const Services& services, Task& task) const {
  make_folders(folder_);
  const std::string name = ".qemu-trial-" + random_hex(8);
  const TemporaryFile image(folder_ / name, tiny_system());
  const bool kvm = accelerator == Accelerator::kvm;
  Task limited = task.within(std::chrono::seconds(8));
  try {
    const auto result = services.processes.run(
        {.arguments = {program_, "-machine", "q35", "-accel", kvm ? "kvm" : "tcg", "-cpu",
                       kvm ? "host" : "max", "-m", "64", "-nodefaults", "-no-user-config", "-display", "none",
                       "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-kernel", name},
         .folder = folder_},
        limited);
    task.debug(fmt::format("trial of {}: exit status {}", kvm ? "KVM" : "TCG", result.status));
    return result.status == exit_of_tiny_system;
  } catch (const Error& error) {
    task.check();
    if (error.reason() != Reason::timed_out) throw;
    return false;  // it hangs
  }
}

bool ssh_answers(const std::string& address, int port, const Task& task) {
  Backoff backoff(Milliseconds(100), Milliseconds(1000));
  while (task.left().count() > 0) {
    if (greets(address, port, task.within(std::chrono::seconds(5)))) return true;
    if (task.stopped()) throw Cancelled();
    if (task.left() <= Milliseconds(1500)) return false;
    backoff.pause(task);
  }
  return false;
}

}  // namespace dm
