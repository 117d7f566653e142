#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/task.h"

namespace dm {

/// The files that make a TLS connection mutual: whom we trust and who we are.
struct TlsFiles {
  std::string ca;           ///< PEM; empty: the system's authorities
  std::string certificate;  ///< PEM; empty: no client certificate
  std::string key;
};

/// One HTTP request.
struct HttpRequest {
  std::string method = "GET";
  std::string url;                   ///< http:// or https://
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  TlsFiles tls;
  bool proxied = true;  ///< honour HTTP(S)_PROXY and NO_PROXY
  bool follow_redirects = false;
  Milliseconds connect_limit = std::chrono::seconds(30);
  Sink
      content;  ///< if set, takes the body of a 2xx answer piece by piece, and HttpResponse::body stays empty
};

/// The answer; any status is an answer.
struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; of several equal ones the last
  std::string body;
};

/// What became of one request among many.
struct HttpOutcome {
  std::optional<HttpResponse> response;
  std::optional<Error> error;
  Milliseconds took{0};
};

/// HTTP. Thread-safe. Only "no answer" is an Error: unreachable, timed_out, authentication_failed (TLS,
/// either side). Texts are the original's where programs read them: "dial tcp HOST:PORT: connect: connection
/// refused", "x509: certificate signed by unknown authority", "x509: certificate is valid for A, not B",
/// "dial tcp …: i/o timeout".
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual HttpResponse send(const HttpRequest& request, Task& task) = 0;
  /// All at the same time in one thread, until the task's deadline; outcomes in the order of the requests.
  virtual std::vector<HttpOutcome> send_all(std::span<const HttpRequest> requests, Task& task) = 0;
};

}  // namespace dm
