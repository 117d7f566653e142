// HTTP requests, one or hundreds at the same time, in one thread.
#include "http/curl_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "http/transfer.h"

namespace dm {
namespace {

using Moment = std::chrono::steady_clock::time_point;

// A TLS connection needs some 70 KiB, one that waits a tenth of that. So no more than this number is
// begun at once; but whoever shows no progress for so long gives up its turn, since hundreds may never
// answer.
constexpr size_t turns = 64;
constexpr Milliseconds connecting_turn{100}, tls_turn{1000};
constexpr long buffer_of_few = 16 << 10, buffer_of_many = 1 << 10;
constexpr Milliseconds longest_wait = std::chrono::minutes(1);

struct MultiRelease {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

/// Initialises libcurl when the first request comes: most commands send none, and it costs milliseconds.
void start_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(fmt::format("cannot use HTTP: {}", curl_easy_strerror(code)));
}

std::string either(const Environment& environment, const std::string& upper, const std::string& lower) {
  return environment.variable_or(upper, environment.variable_or(lower, ""));
}

/// The file of the system's certificate authorities, where the distributions keep it.
std::string system_authorities() {
  constexpr std::array<const char*, 5> places{
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
      "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/etc/ssl/cert.pem",                                  // Alpine, macOS
  };
  std::error_code ignored;
  for (const char* place : places) {
    if (std::filesystem::exists(place, ignored)) return place;
  }
  return {};
}

/// Many requests under way together.
class Batch {
 public:
  Batch(std::span<const HttpRequest> requests, TransferSettings settings, const Task& task)
      : requests_(requests),
        settings_(std::move(settings)),
        task_(task),
        multi_(curl_multi_init()),
        running_(requests.size()),
        outcomes_(requests.size()) {
    if (!multi_) throw Error("cannot use HTTP: out of memory");
    settings_.buffer = requests.size() > turns ? buffer_of_many : buffer_of_few;
  }
  ~Batch() {
    for (auto& entry : running_) forget(entry);
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::vector<HttpOutcome> run() {
    while (next_ < requests_.size() || busy_ > 0) {
      if (task_.stopped()) throw Cancelled();
      if (task_.left().count() == 0) {
        give_up();
        break;
      }
      admit();
      int still_running = 0;
      must(curl_multi_perform(multi_.get(), &still_running));
      if (!collect() && busy_ > 0) wait();
    }
    return std::move(outcomes_);
  }

 private:
  struct Running {
    std::unique_ptr<Transfer> transfer;
    Moment started;
    std::optional<Error> earlier;  ///< of the first attempt, if this is the second one
  };

  static void must(CURLMcode code) {
    if (code != CURLM_OK) throw Error(fmt::format("cannot use HTTP: {}", curl_multi_strerror(code)));
  }
  static Moment now() { return std::chrono::steady_clock::now(); }
  static Milliseconds since(Moment start) { return std::chrono::duration_cast<Milliseconds>(now() - start); }

  static bool holds_a_turn(const Running& entry) {
    return entry.transfer &&
           since(entry.started) < (entry.transfer->holds_tls() ? tls_turn : connecting_turn);
  }

  void admit() {
    if (next_ == requests_.size()) return;
    const auto taken = static_cast<size_t>(std::ranges::count_if(running_, holds_a_turn));
    for (size_t room = turns - std::min(turns, taken); room > 0 && next_ < requests_.size(); --room) {
      const size_t index = next_++;
      begin(index, settings_);
    }
  }

  /// Starts a request; what prevents it becomes its outcome.
  void begin(size_t index, const TransferSettings& settings) {
    try {
      start(index, settings);
    } catch (const Error& error) {
      outcomes_[index].error = error;
    }
  }

  void start(size_t index, TransferSettings settings) {
    const HttpRequest& request = requests_[index];
    // The limit counts from the beginning of all: who had to wait for a turn does not make the whole longer.
    settings.connect_limit = task_.at_most(request.connect_limit - since(began_));
    if (request.tls.ca.empty() && settings.authorities.empty() && request.url.starts_with("https")) {
      settings.authorities = settings_.authorities = system_authorities();
    }
    auto transfer = std::make_unique<Transfer>(request, settings);
    curl_easy_setopt(transfer->handle(), CURLOPT_PRIVATE, &running_[index]);
    must(curl_multi_add_handle(multi_.get(), transfer->handle()));
    running_[index].transfer = std::move(transfer);
    running_[index].started = now();
    ++busy_;
  }

  /// Takes what has ended; false if nothing has.
  bool collect() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Running* entry = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &entry);
      end(*entry, code);
      any = true;
    }
    return any;
  }

  void end(Running& entry, CURLcode code) {
    const auto index = static_cast<size_t>(&entry - running_.data());
    HttpOutcome& outcome = outcomes_[index];
    outcome.took += since(entry.started);
    const bool again = !entry.earlier && entry.transfer->may_hide_a_refusal(code);
    try {
      outcome.response = entry.transfer->finish(code);
    } catch (const Error& error) {
      // The second attempt is there to learn of a refusal; any other failure of it only tells of TLS 1.2.
      const bool refused = error.reason() == Reason::authentication_failed &&
                           !std::string_view(error.what()).ends_with("protocol version not supported");
      outcome.error = entry.earlier && !refused ? *entry.earlier : error;
    }
    forget(entry);
    if (!again) return;
    entry.earlier = std::exchange(outcome.error, std::nullopt);
    TransferSettings settings = settings_;
    settings.only_tls_1_2 = true;
    begin(index, settings);
  }

  void wait() {
    const Milliseconds limit = next_ < requests_.size() ? connecting_turn / 4 : longest_wait;
    curl_waitfd stop{.fd = task_.stop_descriptor(), .events = CURL_WAIT_POLLIN, .revents = 0};
    must(curl_multi_poll(multi_.get(), &stop, 1, static_cast<int>(task_.at_most(limit).count()), nullptr));
  }

  void give_up() {
    for (size_t index = 0; index < requests_.size(); ++index) {
      auto& outcome = outcomes_[index];
      if (outcome.response || outcome.error) continue;
      const Running& entry = running_[index];
      outcome.error = entry.earlier    ? *entry.earlier
                      : entry.transfer ? entry.transfer->timeout()
                                       : Error("context deadline exceeded", Reason::timed_out);
      outcome.took = since(running_[index].transfer ? running_[index].started : began_);
    }
  }

  void forget(Running& entry) {
    if (!entry.transfer) return;
    curl_multi_remove_handle(multi_.get(), entry.transfer->handle());
    entry.transfer.reset();
    --busy_;
  }

  std::span<const HttpRequest> requests_;
  TransferSettings settings_;
  const Task& task_;
  const Moment began_ = now();
  std::unique_ptr<CURLM, MultiRelease> multi_;
  std::vector<Running> running_;
  std::vector<HttpOutcome> outcomes_;
  size_t next_ = 0;
  size_t busy_ = 0;
};

}  // namespace

CurlClient::CurlClient(const Environment& environment)
    : proxies_{.http = either(environment, "HTTP_PROXY", "http_proxy"),
               .https = either(environment, "HTTPS_PROXY", "https_proxy"),
               .exempt = either(environment, "NO_PROXY", "no_proxy")},
      authorities_(environment.variable_or("SSL_CERT_FILE", "")) {}

HttpResponse CurlClient::send(const HttpRequest& request, Task& task) {
  auto outcome = std::move(send_all(std::span(&request, 1), task).front());
  if (outcome.error) throw *outcome.error;
  return std::move(*outcome.response);
}

std::vector<HttpOutcome> CurlClient::send_all(std::span<const HttpRequest> requests, Task& task) {
  if (task.stopped()) throw Cancelled();  // a deadline that has passed is an outcome of each request
  start_curl();
  return Batch(requests, {.proxies = proxies_, .authorities = authorities_}, task).run();
}

}  // namespace dm
