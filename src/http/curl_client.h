#pragma once
#include "base/environment.h"
#include "http/http.h"

namespace dm {

/// Which proxies the user's environment names: HTTP_PROXY, HTTPS_PROXY, NO_PROXY, or the same in small
/// letters.
struct ProxySettings {
  std::string http;
  std::string https;
  std::string exempt;  ///< comma-separated hosts, domains and networks
};

/// HTTP with libcurl, which is loaded with work only by the first request. Thread-safe: calls share nothing.
class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(const Environment& environment = Environment::of_process());

  HttpResponse send(const HttpRequest& request, Task& task) override;
  std::vector<HttpOutcome> send_all(std::span<const HttpRequest> requests, Task& task) override;

 private:
  ProxySettings proxies_;
  std::string authorities_;  ///< the system's, as SSL_CERT_FILE names them; empty: found when needed
};

}  // namespace dm
