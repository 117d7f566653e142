// Why there is no answer, in the words of Go's standard library, which programs and people know from
// docker-machine.
#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/strings.h"
#include "http/transfer.h"

namespace dm {
namespace {

/// A TLS alert as OpenSSL and as Go name it.
struct Alert {
  std::string_view openssl;
  std::string_view go;
};

constexpr std::array alerts{
    Alert{"alert bad certificate", "bad certificate"},
    Alert{"alert certificate required", "certificate required"},
    Alert{"alert unknown ca", "unknown certificate authority"},
    Alert{"alert certificate expired", "expired certificate"},
    Alert{"alert certificate revoked", "revoked certificate"},
    Alert{"alert certificate unknown", "unknown certificate"},
    Alert{"alert unsupported certificate", "unsupported certificate"},
    Alert{"alert access denied", "access denied"},
    Alert{"alert decrypt error", "error decrypting message"},
    Alert{"alert handshake failure", "handshake failure"},
    Alert{"alert protocol version", "protocol version not supported"},
    Alert{"alert internal error", "internal error"},
};

/// Whom a URL means.
struct UrlTarget {
  std::string host;  ///< without brackets
  int port = 0;
};

UrlTarget target_of(CURL* handle) {
  const char* address = nullptr;
  curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &address);
  const std::unique_ptr<CURLU, CurlRelease> url(curl_url());
  if (address == nullptr || curl_url_set(url.get(), CURLUPART_URL, address, 0) != CURLUE_OK) return {};
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return std::string();
    std::string copy = text;
    curl_free(text);
    return copy;
  };
  std::string host = part(CURLUPART_HOST);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {.host = host, .port = number_or_minus_one(part(CURLUPART_PORT))};
}

/// An address in the one spelling that everybody compares; other text as it is.
std::string canonical(const std::string& text) {
  unsigned char bytes[16];
  char spelled[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return text;
  return inet_ntop(AF_INET6, bytes, spelled, sizeof spelled);
}

bool is_address(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

/// The entries of one kind ("DNS:", "IP Address:") in the names of the server's certificate.
std::vector<std::string> certified(CURL* handle, std::string_view kind) {
  constexpr std::string_view field = "X509v3 Subject Alternative Name:";
  std::vector<std::string> names;
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs < 1) return names;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (!text.starts_with(field)) continue;
    for (const auto& entry : split(text.substr(field.size()), ',')) {
      const auto name = trim(entry);
      if (name.starts_with(kind)) names.push_back(canonical(std::string(name.substr(kind.size()))));
    }
  }
  return names;
}

bool reached(CURL* handle, CURLINFO stage) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(handle, stage, &microseconds);
  return microseconds > 0;
}

Error refused(const std::string& text) { return Error(text, Reason::authentication_failed); }
Error no_answer(const std::string& text) { return Error(text, Reason::unreachable); }

}  // namespace

std::string Transfer::dialled() const {
  if (!address_.empty()) return address_;
  const auto target = target_of(handle());
  return host_port(target.host, target.port);
}

bool Transfer::in_handshake() const {
  return handshake_begun_ && !reached(handle(), CURLINFO_APPCONNECT_TIME_T);
}

bool Transfer::may_hide_a_refusal(CURLcode code) const {
  const bool idempotent = request_.method == "GET" || request_.method == "HEAD";
  const bool broken_off = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
  return idempotent && broken_off && !request_.tls.certificate.empty() &&
         reached(handle(), CURLINFO_APPCONNECT_TIME_T) && !reached(handle(), CURLINFO_STARTTRANSFER_TIME_T) &&
         !std::string_view(reason_.c_str()).contains("alert");
}

Error Transfer::timeout() const {
  const auto late = [](const std::string& text) { return Error(text, Reason::timed_out); };
  constexpr std::string_view cancelled = "net/http: request canceled (Client.Timeout exceeded while ";
  if (address_.empty())
    return late(fmt::format("dial tcp: lookup {}: i/o timeout", target_of(handle()).host));
  // libcurl tells the time of the connection only after the handshake, hence our own note of it.
  if (handshake_begun_ && !reached(handle(), CURLINFO_APPCONNECT_TIME_T))
    return late("net/http: TLS handshake timeout");
  if (!reached(handle(), CURLINFO_CONNECT_TIME_T))
    return late(fmt::format("dial tcp {}: i/o timeout", address_));
  if (!reached(handle(), CURLINFO_STARTTRANSFER_TIME_T))
    return late(fmt::format("{}awaiting headers)", cancelled));
  return late(fmt::format("{}reading body)", cancelled));
}

Error Transfer::connect_failure() const {
  long code = 0;
  curl_easy_getinfo(handle(), CURLINFO_OS_ERRNO, &code);
  if (socket_error_ != 0) {
    return no_answer(fmt::format("dial tcp {}: socket: {}", dialled(), error_text(socket_error_)));
  }
  if (code == 0) return no_answer(fmt::format("dial tcp {}: {}", dialled(), reason_.c_str()));
  return no_answer(fmt::format("dial tcp {}: connect: {}", dialled(), error_text(static_cast<int>(code))));
}

Error Transfer::verification_failure() const {
  const std::string_view reason = reason_.c_str();
  if (reason.contains("expired") || reason.contains("not yet valid")) {
    return refused("x509: certificate has expired or is not yet valid");
  }
  if (reason.contains("purpose")) return refused("x509: certificate specifies an incompatible key usage");
  if (!reason.contains("subject name")) return refused("x509: certificate signed by unknown authority");
  const auto host = target_of(handle()).host;
  const auto names = certified(handle(), is_address(host) ? "IP Address:" : "DNS:");
  if (!names.empty()) {
    return refused(
        fmt::format("x509: certificate is valid for {}, not {}", join(names, ", "), canonical(host)));
  }
  if (is_address(host)) {
    return refused(fmt::format(
        "x509: cannot validate certificate for {} because it doesn't contain any IP SANs", canonical(host)));
  }
  return refused(fmt::format("x509: certificate is not valid for any names, but wanted to match {}", host));
}

Error Transfer::failure(CURLcode code) const {
  const std::string reason = *reason_.c_str() != '\0' ? reason_.c_str() : curl_easy_strerror(code);
  const auto* alert =
      std::ranges::find_if(alerts, [&](auto& entry) { return reason.contains(entry.openssl); });
  if (alert != alerts.end()) return refused(fmt::format("remote error: tls: {}", alert->go));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return timeout();
    case CURLE_COULDNT_CONNECT:
      return connect_failure();
    case CURLE_PEER_FAILED_VERIFICATION:
      return verification_failure();
    case CURLE_COULDNT_RESOLVE_HOST:
      return no_answer(fmt::format("dial tcp: lookup {}: no such host", target_of(handle()).host));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return no_answer("proxyconnect tcp: " + reason);
    case CURLE_SSL_CACERT_BADFILE:
      return Error(fmt::format("{} holds no certificate of an authority", request_.tls.ca));
    case CURLE_SSL_CERTPROBLEM:
      return Error(fmt::format("the client certificate {} and the key {} cannot be used together: {}",
                               request_.tls.certificate, request_.tls.key, reason));
    case CURLE_UNSUPPORTED_PROTOCOL:
      // Also what libcurl says of an answer that is no HTTP.
      if (!address_.empty()) return no_answer("malformed HTTP response");
      return Error(fmt::format("unsupported protocol scheme in {}", go_quote(request_.url)));
    case CURLE_URL_MALFORMAT:
      return Error(fmt::format("{} is no URL", go_quote(request_.url)));
    case CURLE_TOO_MANY_REDIRECTS:
      return Error("stopped after 10 redirects");
    case CURLE_GOT_NOTHING:
      return no_answer("EOF");
    case CURLE_PARTIAL_FILE:
      return no_answer("unexpected EOF");
    default:
      break;
  }
  if (reason.contains("wrong version number"))
    return no_answer("http: server gave HTTP response to HTTPS client");
  long os_error = 0;
  curl_easy_getinfo(handle(), CURLINFO_OS_ERRNO, &os_error);
  if (os_error == ECONNRESET || reason.contains("reset by peer")) {
    return no_answer(fmt::format("read tcp {}: connection reset by peer", dialled()));
  }
  if (reason.contains("unexpected eof") || reason.contains("SSL_ERROR_SYSCALL")) return no_answer("EOF");
  return no_answer(reason);
}

}  // namespace dm
