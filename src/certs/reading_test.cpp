// Reading certificates in part.
#include <gtest/gtest.h>

#include "base/error.h"
#include "certs/authority.h"

namespace dm {
namespace {

const CalendarTime then = std::chrono::sys_days(std::chrono::year(2026) / 3 / 4);

TEST(EndOfCertificate, IsWhatTheWholeCertificateSays) {
  const auto authority = make_authority("alice", then);
  // 2050 and later is written in another form of time.
  for (const auto when : {then, then + std::chrono::hours(24 * 365 * 30)}) {
    const auto made = make_client_certificate(authority, "alice", when);
    EXPECT_EQ(end_of_certificate(made.certificate), read_certificate(made.certificate).not_after);
  }
}

TEST(EndOfCertificate, RefusesWhatIsNone) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      end_of_certificate(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string begin = "-----BEGIN CERTIFICATE-----\n", end = "\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(message(""), "Failed to decode PEM data");
  EXPECT_EQ(message(end + begin), "Failed to decode PEM data");
  EXPECT_EQ(message(begin + end), "x509: malformed certificate");
  EXPECT_EQ(message(begin + "AAAA" + end), "x509: malformed certificate");
  EXPECT_EQ(message(begin + "MIIBMIIB" + end), "x509: malformed certificate");
  EXPECT_EQ(message(begin + "not base64!" + end), "x509: malformed certificate");
}

TEST(CertificatesIn, AreTakenApart) {
  const auto one = make_authority("alice", then), two = make_authority("bob", then);
  EXPECT_EQ(certificates_in("words\n" + one.certificate + "more words\n" + two.certificate),
            (std::vector{one.certificate, two.certificate}));
  EXPECT_TRUE(certificates_in(one.key).empty());
  const auto client = make_client_certificate(two, "bob", then);
  EXPECT_TRUE(is_signed_by(client.certificate, one.certificate + two.certificate));
  EXPECT_FALSE(is_signed_by(client.certificate, one.certificate));
  EXPECT_TRUE(is_key_of(client.key, client.certificate));
  EXPECT_FALSE(is_key_of(two.key, client.certificate));
}

TEST(NamesCover, AsTlsClientsSeeIt) {
  EXPECT_TRUE(names_cover({"localhost", "192.0.2.1"}, "192.0.2.1"));
  EXPECT_FALSE(names_cover({"localhost", "192.0.2.1"}, "192.0.2.2"));
  EXPECT_TRUE(names_cover({"Web.Example"}, "web.example"));
  EXPECT_TRUE(names_cover({"*.example"}, "web.example"));
  EXPECT_FALSE(names_cover({"*.example"}, "a.web.example"));
  EXPECT_FALSE(names_cover({"*.example"}, "example"));
}

}  // namespace
}  // namespace dm
