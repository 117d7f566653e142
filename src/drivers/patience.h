#pragma once
#include <functional>
#include <optional>

#include "http/http.h"

namespace dm {

/// How long a provider's API is borne with.
struct Patience {
  int retries =
      5;  ///< after failures on the way or on the other side (5xx); throttling is waited out until `limit`
  Milliseconds limit = std::chrono::minutes(5);  ///< for one call, with all its repetitions
  /// For one try that can be repeated; the last one has all that is left, since nothing is gained by its end.
  Milliseconds one_try = std::chrono::minutes(1);
};

/// What an answer means for the call that it answers.
struct Advice {
  enum class Kind { take, try_again, throttled } kind = Kind::take;
  std::optional<Milliseconds> wait;  ///< what the provider asked for; none: the pause is ours to choose
};

/// Sends a request until its answer is to be taken, with pauses that grow and differ between processes.
/// `make` is called for each try, since signatures age; `judge` says what an answer means. After the last try
/// the answer is returned as it is; Error (unreachable, timed_out) if there was none. Only for calls that may
/// be repeated.
HttpResponse send_patiently(HttpClient& http, const std::function<HttpRequest()>& make,
                            const std::function<Advice(const HttpResponse&)>& judge, const Patience& patience,
                            Task& task);

}  // namespace dm
