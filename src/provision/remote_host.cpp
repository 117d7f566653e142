// One machine over SSH, with retries.
#include "provision/remote_host.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"

namespace dm {
namespace {

using std::chrono::seconds;

constexpr Milliseconds connect_limit = seconds(30);
constexpr Milliseconds refusal_limit = seconds(60);
constexpr int hanging_probes_allowed = 2;

bool may_pass(Reason reason) { return reason == Reason::unreachable || reason == Reason::timed_out; }

/// What has gone wrong so far while waiting for a machine.
class Trouble {
 public:
  explicit Trouble(const Task& task) : task_(task) {}

  /// Takes in a failed attempt; false if trying again is of no use.
  bool note(const Error& error, bool connected) {
    if (error.reason() == Reason::authentication_failed) {
      note_refusal(error);
    } else if (may_pass(error.reason())) {
      refused_since_.reset();
      last_ = error;
      if (connected && error.reason() == Reason::timed_out) ++hanging_probes_;
    } else {
      return false;
    }
    return true;
  }
  void note_refusal(const Error& error) {
    if (!refused_since_) refused_since_ = task_.clock().steady();
    last_ = error;
  }
  bool enough() const {
    return hanging_probes_ >= hanging_probes_allowed ||
           (refused_since_ && task_.clock().steady() - *refused_since_ >= refusal_limit);
  }
  const Error& last() const { return last_; }
  Error report() const {
    return Error(
        std::string("Too many retries waiting for SSH to be available.  Last error: ") + last_.what(),
        last_.reason());
  }

 private:
  const Task& task_;
  Error last_{"no attempt was made", Reason::timed_out};
  std::optional<std::chrono::steady_clock::time_point> refused_since_;
  int hanging_probes_ = 0;
};

Error as_error(const CommandResult& result) {
  std::string said(trim(result.output + result.error));
  constexpr size_t enough = 300;
  if (said.size() > enough) said = "…" + said.substr(said.size() - enough);
  return Error(
      fmt::format("ssh command error: exit status {}{}{}", result.status, said.empty() ? "" : ": ", said));
}

}  // namespace

void RemoteHost::open(Task& task) {
  if (session_) return;
  Task attempt = task.within(connect_limit);
  session_ = connector_.connect(target_, attempt);
}

CommandResult RemoteHost::run(const RemoteCommand& command, Task& task) {
  open(task);
  try {
    return session_->run(command, task);
  } catch (...) {
    // Whatever went wrong, the channel is in an unknown state.
    session_.reset();
    throw;
  }
}

CommandResult RemoteHost::ask(const RemoteCommand& command, Task& task) {
  try {
    return run(command, task);
  } catch (const Error& error) {
    if (!may_pass(error.reason())) throw;
    task.check();
    task.debug(fmt::format("asking again on a new connection: {}", error.what()));
    return run(command, task);
  }
}

CommandResult RemoteHost::wait_until_reachable(Task& task, const RemoteCommand& probe, Milliseconds limit) {
  Task waiting = task.within(limit);
  Backoff backoff(Milliseconds(250), seconds(3));
  Trouble trouble(waiting);
  for (;;) {
    bool connected = false;
    try {
      open(waiting);
      connected = true;
      auto result = run(probe, waiting);
      if (result.ok()) return result;
      // A machine that is still booting lets nobody in although it knows the key.
      session_.reset();
      trouble.note_refusal(as_error(result));
    } catch (const Error& error) {
      if (!trouble.note(error, connected)) throw;
    }
    task.debug(fmt::format("SSH does not answer yet: {}", trouble.last().what()));
    if (trouble.enough()) throw trouble.report();
    try {
      backoff.pause(waiting);
    } catch (const Error&) {
      throw trouble.report();
    }
  }
}

}  // namespace dm
