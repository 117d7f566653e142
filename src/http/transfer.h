#pragma once
#include <curl/curl.h>

#include <exception>
#include <memory>

#include "http/curl_client.h"

namespace dm {

/// Frees what libcurl made.
struct CurlRelease {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

/// What a transfer takes from its surroundings.
struct TransferSettings {
  ProxySettings proxies;
  std::string authorities;        ///< PEM file of the system's certificate authorities
  Milliseconds connect_limit{0};  ///< until connected, TLS included
  bool only_tls_1_2 = false;
  long buffer = 0;  ///< bytes that are read at once; at least 1024
};

/// One request under way in libcurl. One thread; the request outlives it.
class Transfer {
 public:
  /// Prepares the request; Error if a TLS file cannot be opened or the URL is no http one.
  Transfer(const HttpRequest& request, const TransferSettings& settings);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  /// Whether TLS has begun, which is what costs memory.
  bool holds_tls() const { return handshake_begun_; }
  /// Whether the end of this transfer may hide that the server refused our certificate: in TLS 1.3 it does so
  /// after our first words, and a reset connection swallows its alert. Under TLS 1.2 it must say so before.
  bool may_hide_a_refusal(CURLcode code) const;
  /// The answer after libcurl ended the transfer; Error if there is none. What a sink threw comes out here.
  HttpResponse finish(CURLcode code);
  /// Why there is no answer yet, if the wait ends now.
  Error timeout() const;

 private:
  void prepare_request();
  void prepare_tls(const TransferSettings& settings);
  void prepare_connection(const TransferSettings& settings);
  template <typename Value>
  void set(CURLoption option, Value value);
  void take_header(std::string_view line);
  void take_body(std::string_view piece);
  bool in_handshake() const;
  Error failure(CURLcode code) const;
  Error connect_failure() const;
  Error verification_failure() const;
  std::string dialled() const;

  static size_t on_header(const char* data, size_t size, size_t count, void* transfer);
  static size_t on_body(const char* data, size_t size, size_t count, void* transfer);
  static CURLcode on_handshake(CURL* handle, void* context, void* transfer);
  static curl_socket_t on_socket(void* transfer, curlsocktype purpose, curl_sockaddr* address);

  const HttpRequest& request_;
  std::unique_ptr<CURL, CurlRelease> handle_;
  std::unique_ptr<curl_slist, CurlRelease> headers_;
  HttpResponse response_;
  std::string reason_ = std::string(CURL_ERROR_SIZE, '\0');
  std::string address_;  ///< the last one that was tried, "IP:PORT"
  bool handshake_begun_ = false;
  int socket_error_ = 0;  ///< why no socket could be made
  std::exception_ptr thrown_;
};

}  // namespace dm
