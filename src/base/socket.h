#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task.h"

namespace dm {

/// A TCP port of a computer; the host is a name or an address.
struct HostPort {
  std::string host;
  int port = 0;
};

/// What trying to connect gave: nothing if somebody listens, else why not (Reason unreachable, timed_out, …).
using ProbeOutcome = std::optional<Error>;

/// Connects to each and hangs up at once, all at the same time and in one thread, until the task's deadline.
/// Outcomes stand in the order of the targets. Throws only Cancelled.
std::vector<ProbeOutcome> probe_tcp(std::span<const HostPort> targets, const Task& task);
ProbeOutcome probe_tcp(const HostPort& target, const Task& task);

/// The numeric addresses of a name, within the task's deadline; Error(unreachable) if there are none.
std::vector<std::string> resolve(const std::string& host, const Task& task);

/// Whether this computer can listen on the address and TCP port right now.
bool can_listen(const std::string& address, int port);

}  // namespace dm
