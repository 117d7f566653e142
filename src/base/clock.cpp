// The computer's clock; a sleep can be woken through a descriptor.
#include "base/clock.h"

#include <poll.h>
#include <sys/timex.h>

#include <algorithm>
#include <climits>

namespace dm {

std::chrono::system_clock::time_point SystemClock::now() const { return std::chrono::system_clock::now(); }

std::chrono::steady_clock::time_point SystemClock::steady() const { return std::chrono::steady_clock::now(); }

void SystemClock::sleep(Milliseconds time, int wake) const {
  const auto end = steady() + time;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(end - steady());
    if (left.count() <= 0) return;
    pollfd descriptor{wake, POLLIN, 0};
    const int limit = static_cast<int>(std::min<long long>(left.count(), INT_MAX));
    if (poll(&descriptor, wake >= 0 ? 1 : 0, limit) > 0) return;
  }
}

bool clock_is_synchronized() {
  timex state{};
  const int code = adjtimex(&state);
  return code >= 0 && code != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace dm
