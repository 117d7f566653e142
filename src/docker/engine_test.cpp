// The engine's answers, from a fake HTTP client.
#include "docker/engine.h"

#include <gtest/gtest.h>

#include "http/fake_http.h"

namespace dm {
namespace {

struct EngineTest : testing::Test {
  FakeClock clock;
  SilentLog log;
  StopSignal stop;
  Task task{clock, log, stop};
  FakeHttp http;
  EngineAccess engine{.url = "tcp://192.0.2.7:2376",
                      .tls = {.ca = "/c/ca.pem", .certificate = "/c/cert.pem", .key = "/c/key.pem"}};

  std::string version_error() {
    try {
      return "version " + engine_version(http, engine, task).version;
    } catch (const Error& error) {
      reason = error.reason();
      return error.what();
    }
  }
  Reason reason = Reason::failed;
};

TEST_F(EngineTest, the_version_is_asked_without_naming_an_api_version) {
  http.will_answer(200,
                   R"({"Version":"20.10.24+dfsg1","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux"})");
  const auto version = engine_version(http, engine, task);
  EXPECT_EQ(version.version, "20.10.24+dfsg1");
  EXPECT_EQ(version.api, "1.41");
  EXPECT_EQ(version.minimum_api, "1.12");
  ASSERT_EQ(http.requests().size(), 1U);
  const auto& request = http.requests().front();
  EXPECT_EQ(request.method + " " + request.url, "GET https://192.0.2.7:2376/version");
  EXPECT_FALSE(request.proxied);
  EXPECT_EQ(request.tls.ca + request.tls.certificate + request.tls.key, "/c/ca.pem/c/cert.pem/c/key.pem");
}

TEST_F(EngineTest, an_ipv6_address_stands_in_brackets) {
  engine.url = "tcp://[2001:db8::7]:2376";
  http.will_answer(200, R"({"Version":"1.0"})");
  EXPECT_EQ(engine_version(http, engine, task).minimum_api, "");
  EXPECT_EQ(http.requests().front().url, "https://[2001:db8::7]:2376/version");
}

TEST_F(EngineTest, failures_have_the_words_of_the_original) {
  http.will_fail(Error("dial tcp 192.0.2.7:2376: connect: connection refused", Reason::unreachable));
  EXPECT_EQ(version_error(), "Cannot connect to the docker engine endpoint");
  EXPECT_EQ(reason, Reason::unreachable);
  http.will_fail(Error("dial tcp 192.0.2.7:2376: connect: no route to host", Reason::unreachable));
  EXPECT_EQ(version_error(),
            "Get \"https://192.0.2.7:2376/version\": dial tcp 192.0.2.7:2376: connect: no route to host");
  http.will_fail(Error("dial tcp 192.0.2.7:2376: i/o timeout", Reason::timed_out));
  EXPECT_EQ(version_error(), "Get \"https://192.0.2.7:2376/version\": dial tcp 192.0.2.7:2376: i/o timeout");
  EXPECT_EQ(reason, Reason::timed_out);
  http.will_fail(Error("open /c/ca.pem: no such file or directory", Reason::not_found));
  EXPECT_EQ(version_error(), "Unable to read TLS config: open /c/ca.pem: no such file or directory");
}

TEST_F(EngineTest, whoever_answers_otherwise_is_no_engine) {
  http.will_answer(400, "{\"message\":\"client version 1.15 is too old\"}\n");
  EXPECT_EQ(version_error(),
            "Get \"https://192.0.2.7:2376/version\": the engine answers with status 400: "
            R"("{\"message\":\"client version 1.15 is too old\"}")");
  for (const auto& body :
       {"<html>" + std::string(1000, 'x'), std::string("[]"), std::string(R"({"Version":3})")}) {
    http.will_answer(200, body);
    const auto text = version_error();
    EXPECT_TRUE(text.starts_with("Get \"https://192.0.2.7:2376/version\": this is no docker engine")) << text;
    EXPECT_LT(text.size(), 400U);
  }
  engine.url = "192.0.2.7";
  EXPECT_EQ(version_error(), "\"192.0.2.7\" is no engine's URL");
  EXPECT_EQ(http.unused(), 0U);
}

TEST_F(EngineTest, many_are_asked_at_once_and_keep_their_order) {
  std::vector<EngineAccess> engines(4, engine);
  engines[1].url = "nonsense";
  engines[3].url = "tcp://192.0.2.9:2376";
  http.will_answer(200, R"({"Version":"1"})");
  http.will_fail(Error("dial tcp 192.0.2.7:2376: connect: connection refused", Reason::unreachable));
  http.will_answer(200, R"({"Version":"3"})");
  const auto answers = engine_versions(http, engines, task);
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].version->version, "1");
  EXPECT_STREQ(answers[1].error->what(), "\"nonsense\" is no engine's URL");
  EXPECT_STREQ(answers[2].error->what(), "Cannot connect to the docker engine endpoint");
  EXPECT_EQ(answers[3].version->version, "3");
  EXPECT_EQ(http.requests().back().url, "https://192.0.2.9:2376/version");
}

TEST_F(EngineTest, a_connection_is_good_if_anything_is_answered_and_else_the_bare_cause_comes_out) {
  http.will_answer(403, "forbidden");
  check_connection(http, engine, task);
  EXPECT_EQ(http.requests().front().url, "https://192.0.2.7:2376/_ping");
  EXPECT_EQ(http.requests().front().connect_limit, std::chrono::seconds(20));
  http.will_fail(
      Error("x509: certificate is valid for 10.0.0.1, not 10.0.0.2", Reason::authentication_failed));
  try {
    check_connection(http, engine, task);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "x509: certificate is valid for 10.0.0.1, not 10.0.0.2");
    EXPECT_EQ(error.reason(), Reason::authentication_failed);
  }
}

TEST_F(EngineTest, a_stop_is_no_failure_of_an_engine) {
  stop.raise();
  EXPECT_THROW(engine_versions(http, std::span(&engine, 1), task), Cancelled);
}

}  // namespace
}  // namespace dm
