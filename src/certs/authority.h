#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace dm {

/// A certificate and its key, both PEM (the key PKCS#1).
struct CertificateAndKey {
  std::string certificate;
  std::string key;
};

using CalendarTime = std::chrono::system_clock::time_point;

/// What a server certificate says besides its subject.
struct ServerCertificateRequest {
  std::string organization;        ///< "USER.NAME"
  std::vector<std::string> names;  ///< host names and addresses, told apart here
  bool also_client = false;        ///< swarm masters get clientAuth too
};

/// A new certificate authority; `organization` is the user's name. All certificates here: RSA 2048, SHA-256,
/// random serial number, valid from five minutes before `now` (seconds 0) for 1080 days; see docs of the
/// store for the fields.
CertificateAndKey make_authority(const std::string& organization, CalendarTime now);
/// A client certificate ("USER.<bootstrap>").
CertificateAndKey make_client_certificate(const CertificateAndKey& authority, const std::string& organization,
                                          CalendarTime now);
CertificateAndKey make_server_certificate(const CertificateAndKey& authority,
                                          const ServerCertificateRequest& request, CalendarTime now);

/// The client certificate of one person (its common name), which no authority has signed but itself: an
/// engine takes it as long as this very certificate stands among the authorities that it trusts.
CertificateAndKey make_access_certificate(const std::string& who, CalendarTime now);
/// Whether a certificate (PEM) is its own issuer and yet no authority, as make_access_certificate() makes it.
bool is_access_certificate(const std::string& pem);

/// What a certificate says.
struct Certificate {
  std::string subject_organization;
  std::string issuer_organization;
  std::vector<std::string> names;  ///< DNS names and addresses of the SAN
  CalendarTime not_before, not_after;
  bool is_authority = false;
};

/// Reads the first certificate of a PEM text; Error "Failed to decode PEM data" if there is none.
Certificate read_certificate(const std::string& pem);
/// When the first certificate of a PEM text ends, without taking the rest of it apart: for many at once.
/// Errors as of read_certificate.
CalendarTime end_of_certificate(const std::string& pem);
/// The certificates of a PEM text, each a text of its own; what stands between them is left out.
std::vector<std::string> certificates_in(const std::string& pem);
/// Whether `certificate` (PEM) was signed by `authority` (PEM), or by one of them if it holds several. The
/// dates are not looked at.
bool is_signed_by(const std::string& certificate, const std::string& authority);
/// Whether the private key (PEM, not encrypted) is the certificate's own.
bool is_key_of(const std::string& key, const std::string& certificate);
/// Whether a certificate for these names holds for a host name or an address, as TLS clients see it: upper
/// and lower case are alike, and `*` stands for one label.
bool names_cover(const std::vector<std::string>& names, const std::string& host);

}  // namespace dm
