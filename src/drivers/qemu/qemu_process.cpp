// Finding and ending the qemu of a machine.
#include "drivers/qemu/qemu_process.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

extern "C" {  // which the header of glibc 2.36 forgets
#include <sys/pidfd.h>
}

#include <array>
#include <utility>

#include "base/strings.h"

namespace dm {
namespace {

bool has_uuid(int id, const std::string& uuid) {
  try {
    const auto arguments = read_file_if_there(fmt::format("/proc/{}/cmdline", id));
    return arguments && arguments->contains(std::string("\0-uuid\0", 7) + uuid + '\0');
  } catch (const Error&) {
    return false;  // it ended while we looked
  }
}

}  // namespace

std::optional<QemuProcess> QemuProcess::verified(int id, const std::string& uuid) {
  if (id <= 1 || uuid.empty() || !has_uuid(id, uuid)) return std::nullopt;
  QemuProcess process(pidfd_open(id, 0));
  // Looked at again: between the first look and the descriptor the number may have changed hands.
  if (process.descriptor_ < 0 || !has_uuid(id, uuid)) return std::nullopt;
  return process;
}

std::optional<QemuProcess> QemuProcess::find(const fs::path& folder, const std::string& uuid) {
  const auto noted = read_file_if_there(folder / file_name);
  return noted ? verified(number_or_minus_one(trim(*noted)), uuid) : std::nullopt;
}

std::optional<QemuProcess> QemuProcess::find_anywhere(const std::string& uuid) {
  for (const auto& name : sub_folders("/proc")) {
    if (auto process = verified(number_or_minus_one(name), uuid)) return process;
  }
  return std::nullopt;
}

bool QemuProcess::wait(Milliseconds limit, const Task& task) const {
  const auto end = task.clock().steady() + limit;
  for (;;) {
    const auto left = std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(end - task.clock().steady()));
    std::array<pollfd, 2> wanted{{{descriptor_, POLLIN, 0}, {task.stop_descriptor(), POLLIN, 0}}};
    poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(left).count()));
    if (wanted[0].revents != 0) return true;
    task.check();
    if (left.count() == 0) return false;
  }
}

void QemuProcess::kill() const { pidfd_send_signal(descriptor_, SIGKILL, nullptr, 0); }

QemuProcess::QemuProcess(QemuProcess&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

QemuProcess& QemuProcess::operator=(QemuProcess&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

QemuProcess::~QemuProcess() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace dm
