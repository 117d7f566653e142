#pragma once
#include <chrono>

namespace dm {

using Milliseconds = std::chrono::milliseconds;

/// Where time comes from, so that tests need not wait. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The calendar's time, for certificates and file names.
  virtual std::chrono::system_clock::time_point now() const = 0;
  /// Time that only moves forward, for deadlines.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
  /// Waits for `time`, or less if the descriptor `wake` (-1: none) becomes readable first.
  virtual void sleep(Milliseconds time, int wake) const = 0;
};

/// The computer's clock.
class SystemClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override;
  std::chrono::steady_clock::time_point steady() const override;
  void sleep(Milliseconds time, int wake) const override;
};

/// Whether this computer's kernel says that its clock follows another one, as NTP lets it.
bool clock_is_synchronized();

/// A clock for tests: sleeping adds to the time and returns at once. One thread only.
class FakeClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return steady_; }
  void sleep(Milliseconds time, int) const override { advance(time); }
  void advance(Milliseconds time) const { now_ += time, steady_ += time; }

 private:
  mutable std::chrono::system_clock::time_point now_{std::chrono::seconds(1'800'000'000)};
  mutable std::chrono::steady_clock::time_point steady_{std::chrono::hours(1)};
};

}  // namespace dm
