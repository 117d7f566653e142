#pragma once
#include <poll.h>

#include <span>
#include <string>
#include <utility>

#include "base/task.h"

namespace dm {

/// A socket that closes itself. One owner.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  int descriptor() const { return descriptor_; }
  /// Hands the descriptor to somebody else who closes it.
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// Waits until the descriptor is ready for `events` of poll(2), has failed or hung up; false when the task's
/// time, or `longest` if that is shorter, passed before. Throws Cancelled on a stop.
bool wait_for_descriptor(int descriptor, short events, const Task& task,
                         Milliseconds longest = std::chrono::hours(1));

/// The same for several descriptors, until one of them is ready; what each is ready for stands in its
/// `revents`.
bool wait_for_any(std::span<pollfd> wanted, const Task& task, Milliseconds longest);

/// Connects to the first of the host's addresses that answers; the socket does not block. Error(unreachable)
/// or Error(timed_out), with the reason of the last address.
Socket connect_tcp(const std::string& host, int port, const Task& task);

}  // namespace dm
