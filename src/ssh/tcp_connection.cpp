// TCP connections that are waited for no longer than a task allows.
#include "ssh/tcp_connection.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/socket.h"
#include "base/strings.h"

namespace dm {
namespace {

/// An address that does not answer leaves time for the next one.
constexpr Milliseconds longest_attempt = std::chrono::seconds(10);
/// How long sent data may stay unconfirmed before the network counts as dead.
constexpr int unconfirmed_limit = 60'000;

void set_option(int descriptor, int level, int option, int value) {
  setsockopt(descriptor, level, option, &value, sizeof value);
}

int pending_error(int descriptor) {
  int code = 0;
  socklen_t size = sizeof code;
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

/// One attempt; the code is errno's, 0 for success.
int try_address(const std::string& address, int port, const Task& task, Socket& result) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return EADDRNOTAVAIL;
  Socket attempt(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int code = attempt.descriptor() < 0                                                ? errno
                   : connect(attempt.descriptor(), found->ai_addr, found->ai_addrlen) == 0 ? 0
                                                                                           : errno;
  freeaddrinfo(found);
  if (code != 0 && code != EINPROGRESS) return code;
  if (!wait_for_descriptor(attempt.descriptor(), POLLOUT, task, longest_attempt)) return ETIMEDOUT;
  if (const int late = pending_error(attempt.descriptor()); late != 0) return late;
  set_option(attempt.descriptor(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(attempt.descriptor(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(attempt.descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, unconfirmed_limit);
  result = std::move(attempt);
  return 0;
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool wait_for_descriptor(int descriptor, short events, const Task& task, Milliseconds longest) {
  pollfd wanted{descriptor, events, 0};
  return wait_for_any({&wanted, 1}, task, longest);
}

bool wait_for_any(std::span<pollfd> wanted, const Task& task, Milliseconds longest) {
  const Task limited = task.within(longest);
  std::vector<pollfd> all(wanted.begin(), wanted.end());
  all.push_back({task.stop_descriptor(), POLLIN, 0});
  for (;;) {
    if (task.stopped()) throw Cancelled();
    const auto left = limited.left();
    if (left.count() == 0) return false;
    const int ready = poll(all.data(), all.size(),
                           static_cast<int>(std::min(left, Milliseconds(std::chrono::hours(1))).count()));
    if (ready <= 0 || all.back().revents != 0) continue;
    std::ranges::copy(std::span(all).first(wanted.size()), wanted.begin());
    return true;
  }
}

Socket connect_tcp(const std::string& host, int port, const Task& task) {
  int code = 0;
  for (const auto& address : resolve(host, task)) {
    Socket result;
    code = try_address(address, port, task, result);
    if (code == 0) return result;
  }
  throw Error(
      fmt::format("cannot connect to the SSH server at {}: {}", host_port(host, port), error_text(code)),
      code == ETIMEDOUT ? Reason::timed_out : Reason::unreachable);
}

}  // namespace dm
