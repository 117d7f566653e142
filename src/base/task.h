#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace dm {

/// The wish to stop, raised once by whoever waits for signals and seen by every Task made from it.
/// Thread-safe.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void raise();
  bool raised() const { return raised_.load(); }
  /// Becomes readable, and stays so, once the signal is raised.
  int descriptor() const { return read_end_; }

 private:
  std::atomic<bool> raised_{false};
  int read_end_ = -1;
  int write_end_ = -1;
};

/// One piece of work: deadline, cancellation, and a log with the machine's name in front. Whatever may block
/// takes one. A value: copies share clock, log and stop signal, which outlive them. Thread-safe.
class Task {
 public:
  Task(const Clock& clock, Log& log, const StopSignal& stop) : clock_(&clock), log_(&log), stop_(&stop) {}

  /// The same work with `limit` from now as its deadline, unless an earlier one holds already.
  Task within(Milliseconds limit) const;
  /// The same work, its messages marked with this machine's name.
  Task on(std::string_view machine) const;

  /// The same work, with another log, which outlives it.
  Task with_log(Log& log) const;

  void debug(std::string_view text) const { log_->line(Level::debug, machine_, text); }
  void info(std::string_view text) const { log_->line(Level::info, machine_, text); }
  void warn(std::string_view text) const { log_->line(Level::warning, machine_, text); }
  /// Shows how far long work has come (see Log::progress).
  void progress(std::string_view text) const { log_->progress(machine_, text); }

  /// Throws Cancelled after a stop, Error(timed_out) after the deadline.
  void check() const;
  /// Waits; throws as check() does, at once when the stop comes during the wait.
  void pause(Milliseconds time) const;
  /// What is left until the deadline, 0 when it has passed; a year if there is none.
  Milliseconds left() const;
  /// The smaller of `time` and left(): a timeout for one call of a library.
  Milliseconds at_most(Milliseconds time) const;
  bool stopped() const { return stop_->raised(); }
  /// A descriptor that becomes readable on stop, to be put in a poll() with others.
  int stop_descriptor() const { return stop_->descriptor(); }
  const Clock& clock() const { return *clock_; }
  Log& log() const { return *log_; }
  const std::string& machine() const { return machine_; }

 private:
  const Clock* clock_;
  Log* log_;
  const StopSignal* stop_;
  std::string machine_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

/// How a poll waits: the first pause, growing by half each time up to the longest, with jitter.
class Backoff {
 public:
  Backoff(Milliseconds first, Milliseconds longest) : next_(first), longest_(longest) {}
  /// Pauses the task (throws as Task::pause does).
  void pause(const Task& task);

 private:
  Milliseconds next_;
  Milliseconds longest_;
};

}  // namespace dm
