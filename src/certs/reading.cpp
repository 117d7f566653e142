// What can be read off certificates without taking all of them apart.
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include "base/strings.h"
#include "certs/authority.h"
#include "keys/openssl.h"

namespace dm {
namespace {

constexpr std::string_view first_line = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view last_line = "-----END CERTIFICATE-----";

Error malformed() {
  ERR_clear_error();
  return Error("x509: malformed certificate");
}

/// The bytes of the first certificate of a PEM text.
std::vector<unsigned char> first_block(const std::string& pem) {
  const auto begin = pem.find(first_line), end = pem.find(last_line);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw Error("Failed to decode PEM data");
  }
  std::string base64;
  for (const char letter : pem.substr(begin + first_line.size(), end - begin - first_line.size())) {
    if (!std::string_view(" \t\r\n").contains(letter)) base64 += letter;
  }
  std::vector<unsigned char> bytes(base64.size() / 4 * 3 + 3);
  const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  if (size <= 0) throw malformed();
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

/// A walk over the fields of a DER structure.
class Fields {
 public:
  explicit Fields(const std::vector<unsigned char>& bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  /// Steps over the header of the field, into it.
  void enter() { at_ = header().content; }
  /// Steps over the field. Gives its tag.
  void pass() { at_ = header().end; }
  bool at_explicit_tag() const { return at_ < end_ && *at_ == 0xa0; }
  const unsigned char* position() const { return at_; }
  long left() const { return end_ - at_; }

 private:
  struct Header {
    const unsigned char *content, *end;
  };
  Header header() const {
    const unsigned char* content = at_;
    long length = 0;
    int tag = 0, kind = 0;
    if ((ASN1_get_object(&content, &length, &tag, &kind, end_ - at_) & 0x80) != 0) throw malformed();
    return {content, content + length};
  }
  const unsigned char *at_, *end_;
};

}  // namespace

// Making an X509 of it costs a hundred times as much, most of it for the public key.
CalendarTime end_of_certificate(const std::string& pem) {
  const auto bytes = first_block(pem);
  Fields fields(bytes);
  fields.enter();  // Certificate
  fields.enter();  // TBSCertificate
  if (fields.at_explicit_tag()) fields.pass();
  for (int i = 0; i < 3; ++i) fields.pass();  // serial number, signature algorithm, issuer
  fields.enter();                             // validity
  fields.pass();                              // not before
  const unsigned char* at = fields.position();
  const std::unique_ptr<ASN1_TIME, openssl::Release<ASN1_TIME_free>> time(
      d2i_ASN1_TIME(nullptr, &at, fields.left()));
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time.get(), &parts) != 1) throw malformed();
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::vector<std::string> certificates_in(const std::string& pem) {
  std::vector<std::string> found;
  for (size_t at = pem.find(first_line); at != std::string::npos; at = pem.find(first_line, at + 1)) {
    const size_t end = pem.find(last_line, at);
    if (end == std::string::npos) break;
    found.push_back(pem.substr(at, end + last_line.size() - at) + "\n");
  }
  return found;
}

bool names_cover(const std::vector<std::string>& names, const std::string& host) {
  const std::string wanted = lower(host);
  return std::ranges::any_of(names, [&](const std::string& given) {
    const std::string name = lower(given);
    if (name == wanted) return true;
    const auto dot = wanted.find('.');
    return name.starts_with("*.") && dot != std::string::npos && dot > 0 &&
           name.substr(1) == wanted.substr(dot);
  });
}

}  // namespace dm
