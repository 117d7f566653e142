// One HTTP request as libcurl's options and callbacks.
#include "http/transfer.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/strings.h"

namespace dm {
namespace {

constexpr size_t longest_body = 64 << 20;
constexpr long download_buffer = 64 << 10, upload_buffer = 16 << 10;
constexpr long most_redirects = 10;
constexpr long longest_silence = 60;  // seconds, in the middle of a download

void must_open(const std::string& path) {
  errno = 0;
  if (path.empty() || std::ifstream(path).is_open()) return;
  const int code = errno;
  throw Error(fmt::format("open {}: {}", path, error_text(code)),
              code == ENOENT ? Reason::not_found : Reason::failed);
}

std::string numeric_address(const curl_sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.addr);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.addr);
  const bool is_v4 = address.family == AF_INET;
  const void* bytes = is_v4 ? static_cast<const void*>(&v4->sin_addr) : &v6->sin6_addr;
  if (inet_ntop(address.family, bytes, text, sizeof text) == nullptr) return {};
  return host_port(text, ntohs(is_v4 ? v4->sin_port : v6->sin6_port));
}

}  // namespace

template <typename Value>
void Transfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle(), option, value);
  if (code != CURLE_OK)
    throw Error(fmt::format("cannot prepare an HTTP request: {}", curl_easy_strerror(code)));
}

Transfer::Transfer(const HttpRequest& request, const TransferSettings& settings)
    : request_(request), handle_(curl_easy_init()) {
  if (!handle_) throw Error("cannot prepare an HTTP request: out of memory");
  set(CURLOPT_ERRORBUFFER, reason_.data());
  prepare_request();
  prepare_tls(settings);
  prepare_connection(settings);
}

void Transfer::prepare_request() {
  set(CURLOPT_URL, request_.url.c_str());
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
             request_.method == "PATCH") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    if (request_.method != "POST") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else if (request_.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  // libcurl would add both of its own accord: a form's type, and a wait of a second before large bodies.
  std::vector<std::string> lines{"Content-Type:", "Expect:", "User-Agent: docker-machine"};
  for (const auto& line : request_.headers) {
    const auto name = lower(line.substr(0, line.find(':') + 1));
    std::erase_if(lines, [&](const auto& other) { return lower(other).starts_with(name); });
  }
  lines.insert(lines.end(), request_.headers.begin(), request_.headers.end());
  for (const auto& line : lines) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw Error("cannot prepare an HTTP request: out of memory");
    (void)headers_.release();
    headers_.reset(longer);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, most_redirects);
}

void Transfer::prepare_tls(const TransferSettings& settings) {
  for (const auto& path : {request_.tls.ca, request_.tls.certificate, request_.tls.key}) must_open(path);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  const long newest = settings.only_tls_1_2 ? CURL_SSLVERSION_MAX_TLSv1_2 : CURL_SSLVERSION_MAX_DEFAULT;
  set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 | newest);
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_CERTINFO, 1L);
  set(CURLOPT_SSL_CTX_FUNCTION, &Transfer::on_handshake);
  set(CURLOPT_SSL_CTX_DATA, this);
  const std::string& authorities = request_.tls.ca.empty() ? settings.authorities : request_.tls.ca;
  if (!authorities.empty()) {
    set(CURLOPT_CAINFO, authorities.c_str());
    // Otherwise the system's folder of authorities would be trusted as well.
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!request_.tls.certificate.empty()) {
    set(CURLOPT_SSLCERT, request_.tls.certificate.c_str());
    set(CURLOPT_SSLKEY, request_.tls.key.c_str());
    // Otherwise OpenSSL asks on the terminal for the passphrase of an encrypted key.
    set(CURLOPT_KEYPASSWD, "");
  }
}

void Transfer::prepare_connection(const TransferSettings& settings) {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name that never resolves must not hold up the end
  set(CURLOPT_FORBID_REUSE, request_.follow_redirects ? 0L : 1L);
  set(CURLOPT_BUFFERSIZE, request_.content ? std::max(settings.buffer, download_buffer) : settings.buffer);
  set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer);
  if (request_.content) {
    // A download may take hours, hence has no deadline; but one that has stalled never ends.
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, longest_silence);
  }
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(settings.connect_limit.count())));
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  const bool secure = lower(request_.url).starts_with("https:");
  const std::string& proxy = secure ? settings.proxies.https : settings.proxies.http;
  set(CURLOPT_PROXY, request_.proxied ? proxy.c_str() : "");
  // As Go, never a proxy on the way to this computer itself.
  const std::string exempt = settings.proxies.exempt + ",localhost,127.0.0.0/8,::1";
  set(CURLOPT_NOPROXY, request_.proxied ? exempt.c_str() : "*");
}

curl_socket_t Transfer::on_socket(void* transfer, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.address_ = numeric_address(*address);
  // Close-on-exec: the ssh client and virtual machines that we start must not inherit it.
  const int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  self.socket_error_ = descriptor < 0 ? errno : 0;
  return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
}

CURLcode Transfer::on_handshake(CURL*, void*, void* transfer) {
  static_cast<Transfer*>(transfer)->handshake_begun_ = true;
  return CURLE_OK;
}

size_t Transfer::on_header(const char* data, size_t size, size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    self.take_header({data, size * count});
    return size * count;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return 0;
  }
}

size_t Transfer::on_body(const char* data, size_t size, size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    self.take_body({data, size * count});
    return size * count;
  } catch (...) {
    self.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

void Transfer::take_header(std::string_view line) {
  // A redirection or "100 Continue" came before: only the last answer counts.
  if (line.starts_with("HTTP/")) response_.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || line.starts_with("HTTP/")) return;
  response_.headers[lower(trim(line.substr(0, colon)))] = trim(line.substr(colon + 1));
}

void Transfer::take_body(std::string_view piece) {
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  if (request_.content && status / 100 == 2) {
    request_.content(piece);
    return;
  }
  if (response_.body.size() + piece.size() > longest_body) {
    throw Error(fmt::format("the answer of {} is longer than {} MiB", request_.url, longest_body >> 20));
  }
  response_.body.append(piece);
}

HttpResponse Transfer::finish(CURLcode code) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (code == CURLE_OPERATION_TIMEDOUT && std::string_view(reason_.c_str()).contains("too slow")) {
    throw Error(fmt::format("{} sent nothing for {} seconds in the middle of the download: try again later",
                            request_.url, longest_silence),
                Reason::timed_out);
  }
  if (code != CURLE_OK) throw failure(code);
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace dm
