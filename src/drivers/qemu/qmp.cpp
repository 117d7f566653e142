// QMP over a unix socket: one JSON document a line in each direction, events in between.
#include "drivers/qemu/qmp.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace dm {
namespace {

void wait_until(int descriptor, short event, const Task& task) {
  for (;;) {
    task.check();
    std::array<pollfd, 2> wanted{{{descriptor, event, 0}, {task.stop_descriptor(), POLLIN, 0}}};
    poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(std::chrono::hours(1)).count()));
    if (wanted[0].revents != 0) return;
  }
}

}  // namespace

std::optional<Qmp> Qmp::connect(const fs::path& folder, const Task& task) {
  const int place = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return std::nullopt;
  // A socket's path ends after 107 bytes; this one is short wherever the store lies.
  const std::string path = fmt::format("/proc/self/fd/{}/{}", place, socket_name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);

  Qmp qmp(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int code = 0;
  Backoff backoff(Milliseconds(5), Milliseconds(100));
  try {
    while (::connect(qmp.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      code = errno;
      if (code != EAGAIN && code != EINTR) break;  // EAGAIN: others are waiting in front of us
      code = 0;
      backoff.pause(task);
    }
  } catch (...) {
    close(place);
    throw;
  }
  close(place);
  if (code == ENOENT || code == ECONNREFUSED) return std::nullopt;
  if (code != 0) throw Error("cannot talk to qemu: " + error_text(code), Reason::unreachable);
  try {
    qmp.next_message(task);  // its greeting
    qmp.execute("qmp_capabilities", task);
  } catch (const Error& error) {
    if (error.reason() == Reason::unreachable) return std::nullopt;  // it is just going
    throw;
  }
  return qmp;
}

Json Qmp::execute(const std::string& command, const Task& task) {
  send_line(Json{{"execute", command}}.dump() + "\n", task);
  for (;;) {
    const Json message = next_message(task);
    if (message.contains("return")) return message["return"];
    if (message.contains("error")) {
      throw Error(fmt::format("qemu refuses \"{}\": {}", command, text_of(message["error"], "desc")));
    }
  }
}

void Qmp::send_line(const std::string& line, const Task& task) {
  for (std::string_view rest = line; !rest.empty();) {
    wait_until(descriptor_, POLLOUT, task);
    const auto count = send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      throw Error("qemu hung up: " + error_text(errno), Reason::unreachable);
    }
  }
}

Json Qmp::next_message(const Task& task) {
  for (;;) {
    const auto end = unread_.find('\n');
    if (end != std::string::npos) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return in_context("qemu's answer", [&] { return parse_json(line); });
    }
    wait_until(descriptor_, POLLIN, task);
    std::array<char, 4096> block;
    const auto count = recv(descriptor_, block.data(), block.size(), 0);
    if (count > 0) unread_.append(block.data(), static_cast<size_t>(count));
    if (count == 0) throw Error("qemu hung up", Reason::unreachable);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      throw Error("qemu hung up: " + error_text(errno), Reason::unreachable);
    }
  }
}

Qmp::Qmp(Qmp&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), unread_(std::move(other.unread_)) {}

Qmp& Qmp::operator=(Qmp&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(unread_, other.unread_);
  return *this;
}

Qmp::~Qmp() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace dm
