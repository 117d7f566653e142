// TCP connections to many at once, and names, without waiting longer than allowed.
#include "base/socket.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/strings.h"

namespace dm {
namespace {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// A numeric address; names give nothing.
std::optional<Address> numeric(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return std::nullopt;
  Address address;
  std::memcpy(&address.bytes, list->ai_addr, list->ai_addrlen);
  address.size = list->ai_addrlen;
  freeaddrinfo(list);
  return address;
}

/// What a look-up leaves behind; shared with a thread that may outlive the wait.
struct Answer {
  StopSignal done;
  std::mutex lock;
  int code = 0;
  std::vector<std::string> addresses;
};

void look_up(const std::string& host, Answer& answer) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  {
    const std::scoped_lock guard(answer.lock);
    answer.code = code;
    for (const addrinfo* entry = list; code == 0 && entry != nullptr; entry = entry->ai_next) {
      char text[INET6_ADDRSTRLEN + 20];
      if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
          0) {
        answer.addresses.emplace_back(text);
      }
    }
  }
  if (list != nullptr) freeaddrinfo(list);
  answer.done.raise();
}

/// Begins to look a name up; a numeric address needs none and is the answer.
std::shared_ptr<Answer> start_look_up(const std::string& host) {
  const std::string bare =
      host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  auto answer = std::make_shared<Answer>();
  if (numeric(bare, 0)) {
    answer->addresses.push_back(bare);
    answer->done.raise();
  } else {
    // getaddrinfo cannot be interrupted; a thread of its own may hang in it while we go on.
    std::thread([bare, answer] { look_up(bare, *answer); }).detach();
  }
  return answer;
}

std::vector<std::string> wait_for_look_up(const std::string& host, const std::shared_ptr<Answer>& answer,
                                          const Task& task) {
  const auto limit = task.within(std::chrono::seconds(20));
  while (!answer->done.raised()) {
    if (limit.stopped()) throw Cancelled();
    if (limit.left().count() == 0) {
      throw Error(fmt::format("dial tcp: lookup {}: i/o timeout", host), Reason::timed_out);
    }
    pollfd wanted[2] = {{answer->done.descriptor(), POLLIN, 0}, {limit.stop_descriptor(), POLLIN, 0}};
    poll(wanted, 2, static_cast<int>(limit.left().count()));
  }
  const std::scoped_lock guard(answer->lock);
  if (!answer->addresses.empty()) return answer->addresses;
  throw Error(fmt::format("dial tcp: lookup {}: no such host", host), Reason::unreachable);
}

/// One attempt under way.
struct Attempt {
  int descriptor = -1;
  ProbeOutcome outcome;
};

Error refused(const HostPort& target, int code) {
  const Reason reason = code == ETIMEDOUT ? Reason::timed_out : Reason::unreachable;
  return Error(fmt::format("dial tcp {}: connect: {}", host_port(target.host, target.port), error_text(code)),
               reason);
}

/// Starts to connect; an address that fails at once, as one of a kind that this computer does not have, gives
/// way to the next.
Attempt begin(const HostPort& target, const std::vector<std::string>& addresses) {
  Attempt attempt;
  attempt.outcome = Error(fmt::format("dial tcp: lookup {}: no such host", target.host), Reason::unreachable);
  for (const auto& host : addresses) {
    const auto address = numeric(host, target.port);
    if (!address) continue;
    const int descriptor = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        (connect(descriptor, reinterpret_cast<const sockaddr*>(&address->bytes), address->size) == 0 ||
         errno == EINPROGRESS)) {
      attempt.outcome.reset();
      attempt.descriptor = descriptor;
      return attempt;
    }
    attempt.outcome = refused(target, errno);
    if (descriptor >= 0) close(descriptor);
  }
  return attempt;
}

void finish(Attempt& attempt, const HostPort& target) {
  int code = 0;
  socklen_t size = sizeof code;
  getsockopt(attempt.descriptor, SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) attempt.outcome = refused(target, code);
  close(std::exchange(attempt.descriptor, -1));
}

}  // namespace

std::vector<std::string> resolve(const std::string& host, const Task& task) {
  return wait_for_look_up(host, start_look_up(host), task);
}

std::vector<ProbeOutcome> probe_tcp(std::span<const HostPort> targets, const Task& task) {
  std::vector<Attempt> attempts;
  attempts.reserve(targets.size());
  // All names at the same time: a dead one must not take the others' time.
  std::map<std::string, std::shared_ptr<Answer>> names;
  for (const auto& target : targets) {
    if (!numeric(target.host, 0) && !names.contains(target.host))
      names[target.host] = start_look_up(target.host);
  }
  for (const auto& target : targets) {
    if (!names.contains(target.host))
      attempts.push_back(begin(target, {target.host}));
    else
      attempts.emplace_back();
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto name = names.find(targets[i].host);
    if (name == names.end()) continue;
    try {
      attempts[i] = begin(targets[i], wait_for_look_up(name->first, name->second, task));
    } catch (const Error& error) {
      attempts[i].outcome = error;
    }
  }
  const auto pending = [&] {
    return std::ranges::any_of(attempts, [](auto& a) { return a.descriptor >= 0; });
  };
  while (pending() && task.left().count() > 0 && !task.stopped()) {
    std::vector<pollfd> wanted;
    for (const auto& attempt : attempts) wanted.push_back({attempt.descriptor, POLLOUT, 0});
    wanted.push_back({task.stop_descriptor(), POLLIN, 0});
    poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(std::chrono::hours(1)).count()));
    for (size_t i = 0; i < attempts.size(); ++i) {
      if (wanted[i].revents != 0 && attempts[i].descriptor >= 0) finish(attempts[i], targets[i]);
    }
  }
  std::vector<ProbeOutcome> outcomes;
  for (size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i].descriptor >= 0) {
      close(attempts[i].descriptor);
      attempts[i].outcome =
          Error(fmt::format("dial tcp {}: i/o timeout", host_port(targets[i].host, targets[i].port)),
                Reason::timed_out);
    }
    outcomes.push_back(std::move(attempts[i].outcome));
  }
  if (task.stopped()) throw Cancelled();
  return outcomes;
}

ProbeOutcome probe_tcp(const HostPort& target, const Task& task) {
  return std::move(probe_tcp(std::span(&target, 1), task).front());
}

bool can_listen(const std::string& address, int port) {
  const auto target = numeric(address, port);
  if (!target) return false;
  const int descriptor = socket(target->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = bind(descriptor, reinterpret_cast<const sockaddr*>(&target->bytes), target->size) == 0 &&
                    listen(descriptor, 1) == 0;
  close(descriptor);
  return free;
}

}  // namespace dm
