// Deadlines and cancellation.
#include "base/task.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace dm {

StopSignal::StopSignal() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw Error("cannot make a pipe: too many open files");
  read_end_ = ends[0];
  write_end_ = ends[1];
}

StopSignal::~StopSignal() {
  close(read_end_);
  close(write_end_);
}

void StopSignal::raise() {
  if (raised_.exchange(true)) return;
  const char byte = 1;
  [[maybe_unused]] const auto written = write(write_end_, &byte, 1);
}

Task Task::within(Milliseconds limit) const {
  Task task = *this;
  task.deadline_ = std::min(deadline_, clock_->steady() + limit);
  return task;
}

Task Task::with_log(Log& log) const {
  Task other = *this;
  other.log_ = &log;
  return other;
}

Task Task::on(std::string_view machine) const {
  Task task = *this;
  task.machine_ = machine;
  return task;
}

void Task::check() const {
  if (stop_->raised()) throw Cancelled();
  if (clock_->steady() >= deadline_) throw Error("timed out", Reason::timed_out);
}

void Task::pause(Milliseconds time) const {
  check();
  clock_->sleep(at_most(time), stop_->descriptor());
  check();
}

Milliseconds Task::left() const {
  constexpr Milliseconds year = std::chrono::hours(24 * 365);
  if (deadline_ == std::chrono::steady_clock::time_point::max()) return year;
  return std::clamp(std::chrono::ceil<Milliseconds>(deadline_ - clock_->steady()), Milliseconds(0), year);
}

Milliseconds Task::at_most(Milliseconds time) const { return std::min(time, left()); }

void Backoff::pause(const Task& task) {
  thread_local std::mt19937 random{std::random_device{}()};
  std::uniform_real_distribution<double> jitter(0.75, 1.25);
  task.pause(Milliseconds(static_cast<long long>(static_cast<double>(next_.count()) * jitter(random))));
  next_ = std::min(longest_, next_ * 3 / 2);
}

}  // namespace dm
