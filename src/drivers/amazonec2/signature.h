#pragma once
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace dm {

/// What proves to AWS who asks. Not for logs.
struct AwsCredentials {
  std::string access_key, secret_key;
  std::string session_token;  ///< of temporary credentials only
  std::chrono::system_clock::time_point expires =
      std::chrono::system_clock::time_point::max();  ///< when they must be fetched anew
};

/// What a signature is good for.
struct SigningScope {
  std::string region, service;
};

/// All headers of a POST to `url`, which has no query, with a Signature Version 4 of AWS, `headers` (names in
/// lower case) among them. Own code, since libcurl of Debian 12 signs no further headers, and the session
/// token is one.
std::vector<std::string> signed_headers(const AwsCredentials& credentials, const SigningScope& scope,
                                        const std::string& url, const std::string& body,
                                        std::map<std::string, std::string> headers,
                                        std::chrono::system_clock::time_point now);
/// The same for a form.
std::vector<std::string> signed_form_headers(const AwsCredentials& credentials, const SigningScope& scope,
                                             const std::string& url, const std::string& body,
                                             std::chrono::system_clock::time_point now);

/// The type of a form's body.
inline constexpr auto form_type = "application/x-www-form-urlencoded; charset=utf-8";

}  // namespace dm
