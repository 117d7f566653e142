// The certificate authority, with the fields that docker-machine always gave its certificates.
#include "certs/authority.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "keys/openssl.h"

namespace dm {
namespace {

using openssl::failure;
using openssl::Key;
using openssl::Release;

using X509Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using AlternativeName = std::unique_ptr<GENERAL_NAME, Release<GENERAL_NAME_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;
using Text = std::unique_ptr<ASN1_STRING, Release<ASN1_STRING_free>>;
using Number = std::unique_ptr<BIGNUM, Release<BN_free>>;

constexpr auto clock_skew = std::chrono::minutes(5);
constexpr auto validity = std::chrono::hours(24 * 1080);

/// An extension in the notation of OpenSSL's configuration files.
struct ExtensionText {
  int kind;
  const char* value;
};

void must(bool succeeded, const char* what) {
  if (!succeeded) throw failure(what);
}

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

/// The bytes of a numeric address; an IPv4 one in IPv6 clothes counts as IPv4, as in Go.
std::optional<std::string> address_bytes(const std::string& name) {
  unsigned char bytes[16];
  if (inet_pton(AF_INET, name.c_str(), bytes) == 1) return std::string(reinterpret_cast<char*>(bytes), 4);
  if (inet_pton(AF_INET6, name.c_str(), bytes) != 1) return std::nullopt;
  const std::string address(reinterpret_cast<char*>(bytes), 16);
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  return address.starts_with(mapped) ? address.substr(mapped.size()) : address;
}

std::string address_text(const std::string& bytes) {
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text) == nullptr)
    return {};
  return text;
}

/// The string type that Go takes for a name: PrintableString where its small alphabet suffices.
int name_type(std::string_view name) {
  constexpr std::string_view printable =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '()+,-./:=?";
  return name.find_first_not_of(printable) == std::string_view::npos ? V_ASN1_PRINTABLESTRING
                                                                     : V_ASN1_UTF8STRING;
}

X509Certificate parse_certificate(const std::string& pem) {
  X509Certificate certificate(PEM_read_bio_X509(openssl::reader(pem).get(), nullptr, nullptr, nullptr));
  if (certificate) return certificate;
  const bool no_block = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  throw Error(no_block ? "Failed to decode PEM data" : "x509: malformed certificate");
}

Key parse_key(const std::string& pem) {
  // Without this OpenSSL would ask on the terminal for the passphrase of an encrypted key.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_bio_PrivateKey(openssl::reader(pem).get(), nullptr, no_passphrase, nullptr));
  if (!key) throw failure("cannot read the private key");
  return key;
}

/// The authority as OpenSSL's objects, known to belong together.
struct Issuer {
  X509Certificate certificate;
  Key key;
  explicit Issuer(const CertificateAndKey& pem)
      : certificate(parse_certificate(pem.certificate)), key(parse_key(pem.key)) {
    if (X509_check_private_key(certificate.get(), key.get()) == 1) return;
    ERR_clear_error();
    throw Error("tls: private key does not match public key");
  }
};

void set_serial(X509* certificate) {
  const Number serial(BN_new());
  must(serial && BN_rand(serial.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr,
       "cannot make a serial number");
}

void set_dates(X509* certificate, CalendarTime now) {
  const auto not_before = std::chrono::floor<std::chrono::minutes>(now) - clock_skew;
  const auto set = [](ASN1_TIME* field, CalendarTime time) {
    return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr;
  };
  must(set(X509_getm_notBefore(certificate), not_before) &&
           set(X509_getm_notAfter(certificate), not_before + validity),
       "cannot set the dates of a certificate");
}

void add_to_subject(X509* certificate, int kind, const std::string& text) {
  must(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), kind, name_type(text),
                                  reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()), -1, 0) == 1,
       "cannot fill in a certificate");
}

void set_own_issuer(X509* certificate) {
  must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1,
       "cannot fill in a certificate");
}

/// A certificate that lacks its issuer, its extensions and its signature.
X509Certificate begin(const Key& key, const std::string& organization, CalendarTime now) {
  X509Certificate certificate(X509_new());
  must(certificate != nullptr, "cannot make a certificate");
  set_serial(certificate.get());
  set_dates(certificate.get(), now);
  must(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
           X509_set_pubkey(certificate.get(), key.get()) == 1,
       "cannot fill in a certificate");
  add_to_subject(certificate.get(), NID_organizationName, organization);
  return certificate;
}

void extend(X509* certificate, X509* issuer, const ExtensionText& text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, text.kind, text.value));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "cannot extend a certificate");
}

AlternativeName alternative_name(const std::string& name) {
  const auto address = address_bytes(name);
  if (!address && std::ranges::any_of(name, [](unsigned char letter) { return letter > 0x7f; })) {
    throw Error(fmt::format("x509: {} cannot be encoded as an IA5String", go_quote(name)));
  }
  const std::string& bytes = address ? *address : name;
  AlternativeName entry(GENERAL_NAME_new());
  Text text(ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING));
  must(entry && text && ASN1_STRING_set(text.get(), bytes.data(), static_cast<int>(bytes.size())) == 1,
       "cannot name a certificate's owner");
  GENERAL_NAME_set0_value(entry.get(), address ? GEN_IPADD : GEN_DNS, text.release());
  return entry;
}

/// Who the owner is: host names first, then addresses, each group in the order given.
void extend_with_names(X509* certificate, std::vector<std::string> names) {
  std::erase(names, "");
  if (names.empty()) return;
  std::stable_partition(names.begin(), names.end(), [](const auto& name) { return !address_bytes(name); });
  const AlternativeNames list(GENERAL_NAMES_new());
  must(list != nullptr, "cannot name a certificate's owner");
  for (const auto& name : names) {
    AlternativeName entry = alternative_name(name);
    must(sk_GENERAL_NAME_push(list.get(), entry.get()) > 0, "cannot name a certificate's owner");
    (void)entry.release();
  }
  must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_APPEND) == 1,
       "cannot extend a certificate");
}

CertificateAndKey signed_by(const Key& issuer_key, X509* certificate, const Key& key) {
  must(X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0, "cannot sign a certificate");
  const openssl::Stream stream(BIO_new(BIO_s_mem()));
  must(stream && PEM_write_bio_X509(stream.get(), certificate) == 1, "cannot write a certificate");
  return {.certificate = openssl::written(stream), .key = openssl::private_pem(key)};
}

/// A certificate of somebody who is no authority.
CertificateAndKey make_leaf(const CertificateAndKey& authority, const ServerCertificateRequest& request,
                            const char* key_usage, const char* extended_usage, CalendarTime now) {
  const Issuer issuer(authority);
  const Key key = openssl::make_rsa_key();
  const auto certificate = begin(key, request.organization, now);
  X509* const authority_certificate = issuer.certificate.get();
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority_certificate)) == 1,
       "cannot fill in a certificate");
  extend(certificate.get(), authority_certificate, {NID_key_usage, key_usage});
  extend(certificate.get(), authority_certificate, {NID_ext_key_usage, extended_usage});
  extend(certificate.get(), authority_certificate, {NID_basic_constraints, "critical,CA:FALSE"});
  // Authorities made by older versions have no key identifier to refer to.
  if (X509_get0_subject_key_id(authority_certificate) != nullptr) {
    extend(certificate.get(), authority_certificate, {NID_authority_key_identifier, "keyid:always"});
  }
  extend_with_names(certificate.get(), request.names);
  return signed_by(issuer.key, certificate.get(), key);
}

std::string organization_of(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
  if (index < 0) return {};
  return bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const AlternativeNames list(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    int kind = 0;
    const auto* text =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &kind));
    if (kind == GEN_DNS) names.push_back(bytes_of(text));
    if (kind == GEN_IPADD) names.push_back(address_text(bytes_of(text)));
  }
  return names;
}

CalendarTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  must(ASN1_TIME_to_tm(time, &parts) == 1, "cannot read a certificate's date");
  const std::chrono::year_month_day day(std::chrono::year(parts.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
  return std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) +
         std::chrono::seconds(parts.tm_sec);
}

}  // namespace

CertificateAndKey make_authority(const std::string& organization, CalendarTime now) {
  const Key key = openssl::make_rsa_key();
  const auto certificate = begin(key, organization, now);
  X509* const self = certificate.get();
  set_own_issuer(self);
  extend(self, self, {NID_key_usage, "critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign"});
  extend(self, self, {NID_basic_constraints, "critical,CA:TRUE"});
  extend(self, self, {NID_subject_key_identifier, "hash"});
  return signed_by(key, self, key);
}

CertificateAndKey make_client_certificate(const CertificateAndKey& authority, const std::string& organization,
                                          CalendarTime now) {
  return make_leaf(authority, {.organization = organization}, "critical,digitalSignature", "clientAuth", now);
}

CertificateAndKey make_server_certificate(const CertificateAndKey& authority,
                                          const ServerCertificateRequest& request, CalendarTime now) {
  return make_leaf(authority, request, "critical,digitalSignature,keyEncipherment,keyAgreement",
                   request.also_client ? "serverAuth,clientAuth" : "serverAuth", now);
}

CertificateAndKey make_access_certificate(const std::string& who, CalendarTime now) {
  const Key key = openssl::make_rsa_key();
  const auto certificate = begin(key, "docker-machine access", now);
  X509* const self = certificate.get();
  add_to_subject(self, NID_commonName, who);
  set_own_issuer(self);
  extend(self, self, {NID_key_usage, "critical,digitalSignature"});
  extend(self, self, {NID_ext_key_usage, "clientAuth"});
  extend(self, self, {NID_basic_constraints, "critical,CA:FALSE"});
  return signed_by(key, self, key);
}

bool is_access_certificate(const std::string& pem) {
  try {
    return !read_certificate(pem).is_authority && is_signed_by(pem, pem);
  } catch (const Error&) {
    return false;
  }
}

Certificate read_certificate(const std::string& pem) {
  const auto certificate = parse_certificate(pem);
  X509* const parsed = certificate.get();
  return {.subject_organization = organization_of(X509_get_subject_name(parsed)),
          .issuer_organization = organization_of(X509_get_issuer_name(parsed)),
          .names = names_of(parsed),
          .not_before = time_of(X509_get0_notBefore(parsed)),
          .not_after = time_of(X509_get0_notAfter(parsed)),
          .is_authority = (X509_get_extension_flags(parsed) & EXFLAG_CA) != 0};
}

bool is_signed_by(const std::string& certificate, const std::string& authority) {
  const auto leaf = parse_certificate(certificate);
  auto authorities = certificates_in(authority);
  if (authorities.empty()) authorities.push_back(authority);  // the error is parse_certificate's
  const bool fits = std::ranges::any_of(authorities, [&](const std::string& pem) {
    const auto issuer = parse_certificate(pem);
    return X509_NAME_cmp(X509_get_issuer_name(leaf.get()), X509_get_subject_name(issuer.get())) == 0 &&
           X509_verify(leaf.get(), X509_get0_pubkey(issuer.get())) == 1;
  });
  ERR_clear_error();
  return fits;
}

bool is_key_of(const std::string& key, const std::string& certificate) {
  const auto parsed = parse_certificate(certificate);
  const bool fits = X509_check_private_key(parsed.get(), parse_key(key).get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace dm
