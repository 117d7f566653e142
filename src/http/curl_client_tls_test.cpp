// TLS on both sides, against `openssl s_server` (a child process) with certificates of our own authority.
#include <gtest/gtest.h>

#include "certs/authority.h"
#include "http/curl_client.h"
#include "http/local_server.h"

namespace dm {
namespace {

using namespace std::chrono_literals;

struct CurlClientTlsTest : testing::Test {
  static inline fs::path folder;

  SystemClock clock;
  SilentLog log;
  StopSignal stop;
  Task task = Task(clock, log, stop).within(20s);
  CurlClient http{Environment()};
  Reason reason = Reason::failed;

  static std::string path(const std::string& name) { return (folder / name).string(); }
  static void save(const std::string& name, const CertificateAndKey& pair) {
    write_file(path(name + ".pem"), pair.certificate, private_file);
    write_file(path(name + "-key.pem"), pair.key, private_file);
  }

  static void SetUpTestSuite() {
    folder = fs::temp_directory_path() / ("dm-tls-" + random_hex(12));
    make_folders(folder);
    const auto now = std::chrono::system_clock::now();
    const auto ca = make_authority("user", now - 24h);
    const auto other = make_authority("user", now - 24h);
    const auto server = [&](const std::vector<std::string>& names, CalendarTime when) {
      return make_server_certificate(ca, {.organization = "user.m", .names = names}, when);
    };
    save("ca", ca);
    save("other", other);
    save("client", make_client_certificate(ca, "user.<bootstrap>", now));
    save("stranger", make_client_certificate(other, "user.<bootstrap>", now));
    save("server", server({"127.0.0.1", "localhost"}, now));
    save("elsewhere", server({"10.0.0.1", "10.0.0.2", "2001:db8::7", "localhost"}, now));
    save("nameless", server({"foo.example", "bar.example"}, now));
    save("expired", server({"127.0.0.1"}, now - 1081 * 24h));
    save("early", server({"127.0.0.1"}, now + 24h));
  }
  static void TearDownTestSuite() { dm::remove_all(folder); }

  static TlsFiles files(const std::string& ca, const std::string& client) {
    TlsFiles tls{.ca = path(ca + ".pem")};
    if (!client.empty()) tls.certificate = path(client + ".pem"), tls.key = path(client + "-key.pem");
    return tls;
  }
  /// A server that says what it sees to whoever has a certificate of our authority.
  static std::vector<std::string> options(const std::string& server, const std::string& version = "-tls1_3") {
    return {"openssl",
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            version,
            "-cert",
            path(server + ".pem"),
            "-key",
            path(server + "-key.pem"),
            "-Verify",
            "1",
            "-verify_return_error",
            "-CAfile",
            path("ca.pem")};
  }
  /// What comes of a request to a server with this certificate.
  std::string outcome_of(const std::string& server, const TlsFiles& tls,
                         const std::string& version = "-tls1_3") {
    const ServerProcess running(options(server, version), folder);
    return outcome_of({.url = running.url(), .tls = tls});
  }
  std::string outcome_of(const HttpRequest& request) {
    try {
      return std::to_string(http.send(request, task).status);
    } catch (const Error& error) {
      reason = error.reason();
      return error.what();
    }
  }
};

TEST_F(CurlClientTlsTest, both_sides_prove_who_they_are) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    EXPECT_EQ(outcome_of("server", files("ca", "client"), version), "200");
  }
}

TEST_F(CurlClientTlsTest, a_host_name_is_checked_as_an_address_is) {
  const ServerProcess running(options("elsewhere"), folder);
  const auto port = running.address().substr(running.address().find(':'));
  EXPECT_EQ(outcome_of({.url = "https://localhost" + port, .tls = files("ca", "client")}), "200");
  EXPECT_EQ(outcome_of({.url = running.url(), .tls = files("ca", "client")}),
            "x509: certificate is valid for 10.0.0.1, 10.0.0.2, 2001:db8::7, not 127.0.0.1");
  EXPECT_EQ(reason, Reason::authentication_failed);
}

TEST_F(CurlClientTlsTest, a_certificate_without_any_fitting_kind_of_name_is_refused) {
  const ServerProcess running(options("nameless"), folder);
  const auto port = running.address().substr(running.address().find(':'));
  EXPECT_EQ(outcome_of({.url = running.url(), .tls = files("ca", "client")}),
            "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs");
  EXPECT_EQ(outcome_of({.url = "https://localhost" + port, .tls = files("ca", "client")}),
            "x509: certificate is valid for foo.example, bar.example, not localhost");
}

TEST_F(CurlClientTlsTest, an_authority_of_the_same_name_but_another_key_is_not_trusted) {
  EXPECT_EQ(outcome_of("server", files("other", "client")), "x509: certificate signed by unknown authority");
  EXPECT_EQ(reason, Reason::authentication_failed);
  // No authority named: the system's, which does not know ours either.
  EXPECT_EQ(outcome_of("server", {}), "x509: certificate signed by unknown authority");
}

TEST_F(CurlClientTlsTest, the_system_s_authorities_may_be_named_by_the_environment) {
  const ServerProcess running(options("server"), folder);
  CurlClient told(Environment({{"SSL_CERT_FILE", path("ca.pem")}}));
  auto tls = files("ca", "client");
  tls.ca.clear();
  EXPECT_EQ(told.send({.url = running.url(), .tls = tls}, task).status, 200);
}

TEST_F(CurlClientTlsTest, a_certificate_is_good_only_in_its_time) {
  constexpr auto expected = "x509: certificate has expired or is not yet valid";
  EXPECT_EQ(outcome_of("expired", files("ca", "client")), expected);
  EXPECT_EQ(outcome_of("early", files("ca", "client")), expected);
  EXPECT_EQ(reason, Reason::authentication_failed);
}

TEST_F(CurlClientTlsTest, a_client_certificate_is_no_server_certificate) {
  EXPECT_EQ(outcome_of("client", files("ca", "client")),
            "x509: certificate specifies an incompatible key usage");
}

TEST_F(CurlClientTlsTest, the_server_s_refusal_of_our_certificate_is_told) {
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    reason = Reason::failed;
    EXPECT_EQ(outcome_of("server", files("ca", "stranger"), version),
              "remote error: tls: unknown certificate authority");
    EXPECT_EQ(reason, Reason::authentication_failed);
    reason = Reason::failed;
    EXPECT_TRUE(outcome_of("server", files("ca", ""), version).starts_with("remote error: tls: "));
    EXPECT_EQ(reason, Reason::authentication_failed);
  }
}

TEST_F(CurlClientTlsTest, a_refusal_is_told_even_if_the_connection_is_reset_behind_it) {
  if (!find_program("python3")) GTEST_SKIP() << "python3 is not installed";
  // Unlike s_server it does not read on after its refusal, so that the alert gets lost more often than not.
  const auto script = path("reset.py");
  write_file(script, R"(import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server-key.pem")
context.load_verify_locations("ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 0))
print("ACCEPT 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (ssl.SSLError, OSError):
        connection.close()
)",
             private_file);
  const ServerProcess running({"python3", script}, folder);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outcome_of({.url = running.url(), .tls = files("ca", "stranger")}),
              "remote error: tls: unknown certificate authority");
  }
  // Whoever is accepted and then left without an answer is not told of a refusal.
  EXPECT_EQ(outcome_of({.url = running.url(), .tls = files("ca", "client")}).find("tls"), std::string::npos);
}

TEST_F(CurlClientTlsTest, a_file_that_is_missing_or_of_no_use_is_named) {
  const std::string url = "https://127.0.0.1:1";
  TlsFiles tls = files("ca", "client");
  tls.key = path("none.pem");
  EXPECT_EQ(outcome_of({.url = url, .tls = tls}), "open " + tls.key + ": no such file or directory");
  EXPECT_EQ(reason, Reason::not_found);

  const ServerProcess running(options("server"), folder);
  write_file(path("junk.pem"), "junk\n", private_file);
  for (const std::string useless : {"server-key.pem", "junk.pem"}) {
    tls.key = path(useless);
    const auto text = outcome_of({.url = running.url(), .tls = tls});
    EXPECT_TRUE(text.starts_with("the client certificate " + tls.certificate + " and the key " + tls.key))
        << text;
  }
  tls = files("junk", "client");
  EXPECT_EQ(outcome_of({.url = running.url(), .tls = tls}), tls.ca + " holds no certificate of an authority");
}

TEST_F(CurlClientTlsTest, an_encrypted_key_fails_instead_of_asking_on_the_terminal) {
  SystemProcessRunner processes;
  ASSERT_TRUE(processes
                  .run({.arguments = {"openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in",
                                      path("client-key.pem"), "-out", path("locked-key.pem")}},
                       task)
                  .ok());
  const ServerProcess running(options("server"), folder);
  TlsFiles tls = files("ca", "client");
  tls.key = path("locked-key.pem");
  EXPECT_TRUE(outcome_of({.url = running.url(), .tls = tls}).contains(tls.key + " cannot be used together"));
}

TEST_F(CurlClientTlsTest, whoever_speaks_no_tls_is_told_apart) {
  LocalServer plain([](const std::string&) { return "HTTP/1.0 400 Bad Request\r\n\r\n"; });
  EXPECT_EQ(outcome_of({.url = "https://" + plain.address()}),
            "http: server gave HTTP response to HTTPS client");
  EXPECT_EQ(reason, Reason::unreachable);
}

TEST_F(CurlClientTlsTest, a_hundred_at_once_all_prove_who_they_are) {
  const ServerProcess good(options("server"), folder), bad(options("elsewhere"), folder);
  std::vector<HttpRequest> requests;
  requests.reserve(100);
  for (int i = 0; i < 100; ++i) {
    requests.push_back({.url = i % 10 == 0 ? bad.url() : good.url(), .tls = files("ca", "client")});
  }
  const auto outcomes = http.send_all(requests, task);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (i % 10 == 0) {
      ASSERT_TRUE(outcomes[i].error);
      EXPECT_EQ(outcomes[i].error->reason(), Reason::authentication_failed);
    } else {
      ASSERT_TRUE(outcomes[i].response) << outcomes[i].error->what();
    }
  }
}

}  // namespace
}  // namespace dm
