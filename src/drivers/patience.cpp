// Calls to a provider that throttles, or fails for a moment.
#include "drivers/patience.h"

#include <fmt/core.h>

namespace dm {
namespace {

constexpr Milliseconds first_pause = std::chrono::milliseconds(500), longest_pause = std::chrono::seconds(20);

bool may_come_back(const Error& error) {
  return error.reason() == Reason::unreachable || error.reason() == Reason::timed_out;
}

}  // namespace

HttpResponse send_patiently(HttpClient& http, const std::function<HttpRequest()>& make,
                            const std::function<Advice(const HttpResponse&)>& judge, const Patience& patience,
                            Task& task) {
  Task limited = task.within(patience.limit);
  Backoff backoff(first_pause, longest_pause);
  for (int left = patience.retries;;) {
    std::optional<HttpResponse> response;
    Advice advice{.kind = Advice::Kind::try_again};
    try {
      Task one = left > 0 ? limited.within(patience.one_try) : limited;
      response = http.send(make(), one);
      advice = judge(*response);
    } catch (const Error& error) {
      if (!may_come_back(error) || left <= 0 || limited.left().count() == 0) throw;
      task.debug(fmt::format("Asking again after: {}", error.what()));
    }
    if (advice.kind == Advice::Kind::take) return *std::move(response);
    const bool throttled = advice.kind == Advice::Kind::throttled;
    if (!throttled && left-- <= 0) return *std::move(response);
    // What would not end in time is not begun: the provider's own words say more than "timed out".
    if (response && advice.wait.value_or(first_pause) >= limited.left()) return *std::move(response);
    if (throttled) task.debug("The provider asks for patience");
    if (advice.wait) limited.pause(*advice.wait);
    backoff.pause(limited);
  }
}

}  // namespace dm
