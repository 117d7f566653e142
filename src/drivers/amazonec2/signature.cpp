// AWS's Signature Version 4, as far as a POST to a query API needs it.
#include "drivers/amazonec2/signature.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/strings.h"
#include "keys/digest.h"

namespace dm {
namespace {

struct Place {
  std::string host, path;
};

/// Host with its port, as the Host header has it, and path.
Place place_of(const std::string& url) {
  const auto scheme = url.find("://");
  const std::string rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  const auto slash = rest.find('/');
  Place place{rest.substr(0, slash), slash == std::string::npos ? "/" : rest.substr(slash)};
  // HTTP clients leave a scheme's own port out of the Host header.
  for (const auto& [start, port] : {std::pair{"https:", ":443"}, {"http:", ":80"}}) {
    if (url.starts_with(start) && place.host.ends_with(port))
      place.host.resize(place.host.size() - std::string_view(port).size());
  }
  return place;
}

}  // namespace

std::vector<std::string> signed_form_headers(const AwsCredentials& credentials, const SigningScope& scope,
                                             const std::string& url, const std::string& body,
                                             std::chrono::system_clock::time_point now) {
  return signed_headers(credentials, scope, url, body, {{"content-type", form_type}}, now);
}

std::vector<std::string> signed_headers(const AwsCredentials& credentials, const SigningScope& scope,
                                        const std::string& url, const std::string& body,
                                        std::map<std::string, std::string> headers,
                                        std::chrono::system_clock::time_point now) {
  const std::string time =
      fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  const std::string day = time.substr(0, 8);
  const Place place = place_of(url);
  headers["host"] = place.host;
  headers["x-amz-date"] = time;
  if (!credentials.session_token.empty()) headers["x-amz-security-token"] = credentials.session_token;
  std::string canonical, names;
  for (const auto& [name, value] : headers) {
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string request = fmt::format("POST\n{}\n\n{}\n{}\n{}", place.path, canonical, names,
                                          hex_digest(DigestKind::sha256, body));
  const std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, credential_scope,
                                          hex_digest(DigestKind::sha256, request));
  std::string key = "AWS4" + credentials.secret_key;
  for (const auto& part : {day, scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  std::vector<std::string> lines;
  for (const auto& [name, value] : headers) lines.push_back(name + ": " + value);
  lines.push_back(
      fmt::format("authorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key, credential_scope, names, hex_of(hmac_sha256(key, to_sign))));
  return lines;
}

}  // namespace dm
