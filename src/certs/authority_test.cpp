// Certificates, compared with what docker-machine 0.16.2 made (testdata, as `openssl x509 -text` shows it,
// random bytes left out), and judged by openssl and certtool: programs that these tests start.
#include "certs/authority.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/process.h"
#include "base/strings.h"
#include "keys/key_pair.h"

namespace dm {
namespace {

using namespace std::chrono_literals;

/// When the recorded certificates were made.
constexpr CalendarTime then = std::chrono::sys_days(2026y / 11 / 23) + 17h + 29min + 59s;

/// `text` with runs of random bytes, in the two ways openssl prints them, replaced by their mark.
std::string without_random_bytes(const std::string& text) {
  std::string result;
  for (const auto& line : split(trim(text), '\n')) {
    const auto bytes = trim(line);
    const bool is_bytes = bytes.contains(':') &&
                          std::ranges::all_of(bytes, [](unsigned char c) { return c == ':' || isxdigit(c); });
    const bool identifier = is_bytes &&
                            std::ranges::none_of(bytes, [](unsigned char c) { return islower(c); }) &&
                            std::ranges::count(bytes, ':') == 19;
    std::string shown(line.substr(0, line.find_last_not_of(' ') + 1));
    if (is_bytes) shown = identifier ? "(20 bytes)" : "(bytes)";
    if (!(shown == "(bytes)" && result.ends_with("(bytes)\n"))) result += shown + "\n";
  }
  return result;
}

struct AuthorityTest : testing::Test {
  static inline CertificateAndKey authority, client, server;

  SystemClock clock;
  SilentLog log;
  StopSignal stop;
  Task task = Task(clock, log, stop).within(30s);
  SystemProcessRunner processes;
  fs::path folder;

  static void SetUpTestSuite() {
    authority = make_authority("unknown", then);
    client = make_client_certificate(authority, "unknown.<bootstrap>", then);
    server = make_server_certificate(
        authority, {.organization = "unknown.gen-1", .names = {"192.0.2.10", "localhost"}}, then + 1min);
  }
  void SetUp() override {
    folder = fs::temp_directory_path() / ("dm-certs-" + random_hex(12));
    make_folders(folder);
  }
  void TearDown() override { dm::remove_all(folder); }

  CommandResult run(const std::vector<std::string>& arguments, const std::string& input = "") {
    return processes.run({.arguments = arguments, .input = input}, task);
  }
  std::string text_form(const std::string& pem) {
    const auto result = run({"openssl", "x509", "-noout", "-text"}, pem);
    EXPECT_TRUE(result.ok()) << result.error;
    return result.output;
  }
  std::string recorded(const std::string& name) {
    return read_file(fs::path(SOURCE_DIR) / "src/certs/testdata" / (name + ".txt"));
  }
  std::string saved(const std::string& name, const std::string& content) {
    write_file(folder / name, content, private_file);
    return (folder / name).string();
  }
};

TEST_F(AuthorityTest, certificates_have_the_fields_of_the_original) {
  EXPECT_EQ(without_random_bytes(text_form(authority.certificate)), recorded("ca"));
  EXPECT_EQ(without_random_bytes(text_form(client.certificate)), recorded("client"));
  EXPECT_EQ(without_random_bytes(text_form(server.certificate)), recorded("server"));
}

TEST_F(AuthorityTest, keys_are_unencrypted_pkcs1_and_fit) {
  for (const auto* made : {&authority, &client, &server}) {
    EXPECT_TRUE(made->key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    EXPECT_TRUE(made->certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_EQ(run({"openssl", "rsa", "-check", "-noout"}, made->key).status, 0);
    EXPECT_EQ(run({"openssl", "rsa", "-pubout"}, made->key).output,
              run({"openssl", "x509", "-noout", "-pubkey"}, made->certificate).output);
  }
}

TEST_F(AuthorityTest, openssl_accepts_the_chain_for_its_purpose) {
  const auto ca = saved("ca.pem", authority.certificate);
  const std::string at = std::to_string(std::chrono::system_clock::to_time_t(then + 24h));
  const auto verify = [&](const std::string& purpose, const std::string& pem,
                          std::vector<std::string> more = {}) {
    std::vector<std::string> words{"openssl", "verify", "-x509_strict", "-attime", at,
                                   "-CAfile", ca,       "-purpose"};
    words.push_back(purpose);
    words.insert(words.end(), more.begin(), more.end());
    return run(words, pem);
  };
  EXPECT_TRUE(verify("sslserver", server.certificate, {"-verify_ip", "192.0.2.10"}).ok());
  EXPECT_TRUE(verify("sslserver", server.certificate, {"-verify_hostname", "localhost"}).ok());
  EXPECT_FALSE(verify("sslserver", server.certificate, {"-verify_ip", "192.0.2.11"}).ok());
  EXPECT_FALSE(verify("sslclient", server.certificate).ok());
  EXPECT_TRUE(verify("sslclient", client.certificate).ok());
  EXPECT_FALSE(verify("sslserver", client.certificate).ok());
}

TEST_F(AuthorityTest, certtool_accepts_the_chain_for_its_purpose) {
  if (!find_program("certtool")) GTEST_SKIP() << "certtool (gnutls-bin) is not installed";
  const auto now = clock.now();  // certtool cannot be told another time
  const auto root = make_authority("unknown", now);
  const auto leaf = make_server_certificate(root, {.organization = "o", .names = {"localhost"}}, now);
  const auto ca = saved("ca.pem", root.certificate);
  const auto accepts = [&](const std::string& host, const std::string& purpose) {
    return run({"certtool", "--verify", "--load-ca-certificate", ca, "--verify-hostname", host,
                "--verify-purpose", "1.3.6.1.5.5.7.3." + purpose},
               leaf.certificate)
        .ok();
  };
  EXPECT_TRUE(accepts("localhost", "1"));
  EXPECT_FALSE(accepts("localhost", "2"));
  EXPECT_FALSE(accepts("elsewhere", "1"));
}

TEST_F(AuthorityTest, a_certificate_is_read_back_as_it_was_made) {
  const auto read = read_certificate("a comment in front\n" + server.certificate + client.certificate);
  EXPECT_EQ(read.subject_organization, "unknown.gen-1");
  EXPECT_EQ(read.issuer_organization, "unknown");
  EXPECT_EQ(read.names, (std::vector<std::string>{"localhost", "192.0.2.10"}));
  EXPECT_EQ(read.not_before, CalendarTime(std::chrono::sys_days(2026y / 11 / 23) + 17h + 25min));
  EXPECT_EQ(read.not_after - read.not_before, 25920h);
  EXPECT_FALSE(read.is_authority);
  EXPECT_TRUE(read_certificate(authority.certificate).is_authority);
}

TEST_F(AuthorityTest, names_and_addresses_are_told_apart_and_host_names_come_first) {
  const auto made =
      make_server_certificate(authority,
                              {.organization = "Jürgen.m",
                               .names = {"10.1.2.3", "foo.example", "2001:DB8::7", "::ffff:192.0.2.9",
                                         "a,DNS:b", "localhost", "localhost"},
                               .also_client = true},
                              then);
  const auto read = read_certificate(made.certificate);
  EXPECT_EQ(read.subject_organization, "Jürgen.m");
  EXPECT_EQ(read.names, (std::vector<std::string>{"foo.example", "a,DNS:b", "localhost", "localhost",
                                                  "10.1.2.3", "2001:db8::7", "192.0.2.9"}));
  EXPECT_TRUE(
      text_form(made.certificate)
          .contains("                TLS Web Server Authentication, TLS Web Client Authentication\n"));
}

TEST_F(AuthorityTest, a_name_that_no_certificate_can_hold_is_refused) {
  try {
    make_server_certificate(authority, {.organization = "o", .names = {"jürgen"}}, then);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).ends_with("cannot be encoded as an IA5String")) << error.what();
  }
}

TEST_F(AuthorityTest, serial_numbers_are_random_and_long) {
  std::set<std::string> serials;
  size_t longest = 0;
  for (const auto* made : {&authority, &client, &server}) {
    const auto serial = run({"openssl", "x509", "-noout", "-serial"}, made->certificate).output;
    longest = std::max(longest, serial.size());
    serials.insert(serial);
  }
  EXPECT_EQ(serials.size(), 3U);
  EXPECT_GE(longest, std::string("serial=\n").size() + 30);
}

TEST_F(AuthorityTest, the_signer_is_recognised_although_all_authorities_bear_the_same_name) {
  const auto other = make_authority("unknown", then);
  EXPECT_TRUE(is_signed_by(server.certificate, authority.certificate));
  EXPECT_TRUE(is_signed_by(authority.certificate, authority.certificate));
  EXPECT_FALSE(is_signed_by(server.certificate, other.certificate));
  EXPECT_FALSE(is_signed_by(server.certificate, client.certificate));
}

TEST_F(AuthorityTest, access_is_vouched_for_by_its_own_certificate_alone) {
  const auto bob = make_access_certificate("bob@example", then);
  EXPECT_TRUE(is_access_certificate(bob.certificate));
  for (const auto* other : {&authority, &client, &server})
    EXPECT_FALSE(is_access_certificate(other->certificate));
  EXPECT_FALSE(is_access_certificate("x"));
  EXPECT_TRUE(is_key_of(bob.key, bob.certificate));
  const auto text = text_form(bob.certificate);
  for (const char* line :
       {"Issuer: O = docker-machine access, CN = bob@example\n", "CA:FALSE\n",
        "Subject: O = docker-machine access, CN = bob@example\n", "TLS Web Client Authentication\n"}) {
    EXPECT_TRUE(text.contains(line)) << text;
  }
  EXPECT_FALSE(is_signed_by(make_access_certificate("bob@example", then).certificate, bob.certificate));
}

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(AuthorityTest, what_is_no_certificate_is_said_to_be_none) {
  EXPECT_EQ(error_of([] { read_certificate(""); }), "Failed to decode PEM data");
  EXPECT_EQ(error_of([] { read_certificate("hello\n"); }), "Failed to decode PEM data");
  EXPECT_EQ(error_of([] { read_certificate(client.key); }), "Failed to decode PEM data");
  EXPECT_EQ(
      error_of([] { read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"); }),
      "x509: malformed certificate");
  EXPECT_EQ(error_of([] { is_signed_by(server.certificate, "x"); }), "Failed to decode PEM data");
}

TEST_F(AuthorityTest, an_authority_needs_its_own_key) {
  const auto make_with = [](const std::string& certificate, const std::string& key) {
    return error_of([&] { make_client_certificate({certificate, key}, "o", then); });
  };
  EXPECT_EQ(make_with(authority.certificate, client.key), "tls: private key does not match public key");
  EXPECT_EQ(make_with("", authority.key), "Failed to decode PEM data");
  EXPECT_TRUE(make_with(authority.certificate, "no key").starts_with("cannot read the private key"));
  const auto encrypted =
      run({"openssl", "rsa", "-aes128", "-passout", "pass:secret", "-traditional"}, authority.key).output;
  ASSERT_TRUE(encrypted.contains("ENCRYPTED"));
  EXPECT_TRUE(make_with(authority.certificate, encrypted).starts_with("cannot read the private key"));
}

TEST_F(AuthorityTest, leaves_of_an_authority_without_key_identifier_name_none) {
  const auto key = saved("old-key.pem", make_rsa_key().private_pem);
  const auto config = saved("old.conf",
                            "[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\n"
                            "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\n");
  const auto old =
      run({"openssl", "req", "-x509", "-new", "-key", key, "-subj", "/O=alice", "-config", config});
  ASSERT_TRUE(old.ok()) << old.error;
  const auto made = make_client_certificate({old.output, read_file(key)}, "alice.<bootstrap>", then);
  EXPECT_TRUE(is_signed_by(made.certificate, old.output));
  EXPECT_EQ(text_form(made.certificate).contains("Authority Key Identifier"),
            text_form(old.output).contains("Subject Key Identifier"));
  EXPECT_FALSE(text_form(made.certificate).contains("Authority Key Identifier"));
}

}  // namespace
}  // namespace dm
