// Throttling and passing failures.
#include "drivers/patience.h"

#include <gtest/gtest.h>

#include "http/fake_http.h"

namespace dm {
namespace {

class PatienceTest : public ::testing::Test {
 protected:
  HttpResponse send(Patience patience = {}) {
    return send_patiently(
        http_, [&] { return HttpRequest{.url = "https://example.test/" + std::to_string(++made_)}; },
        [](const HttpResponse& response) {
          if (response.status == 429) return Advice{Advice::Kind::throttled, std::chrono::seconds(30)};
          return Advice{response.status / 100 == 5 ? Advice::Kind::try_again : Advice::Kind::take, {}};
        },
        patience, task_);
  }

  int made_ = 0;
  FakeHttp http_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
};

TEST_F(PatienceTest, TakesAnAnswerAtOnce) {
  http_.will_answer(404, "no");
  EXPECT_EQ(send().status, 404);
  EXPECT_EQ(made_, 1);
}

TEST_F(PatienceTest, MakesTheRequestAnewForEachTry) {
  http_.will_answer(503, "");
  http_.will_fail(Error("dial tcp: i/o timeout", Reason::unreachable));
  http_.will_answer(200, "yes");
  EXPECT_EQ(send().body, "yes");
  EXPECT_EQ(http_.requests().back().url, "https://example.test/3");
}

TEST_F(PatienceTest, EndsWithTheLastAnswer) {
  for (int i = 0; i < 3; ++i) http_.will_answer(503, std::to_string(i));
  EXPECT_EQ(send({.retries = 2}).body, "2");
  http_.will_fail(Error("dial tcp: connection refused", Reason::unreachable));
  EXPECT_THROW(send({.retries = 0}), Error);
}

TEST_F(PatienceTest, WaitsThrottlingOutBeyondTheRetries) {
  for (int i = 0; i < 4; ++i) http_.will_answer(429, "");
  http_.will_answer(200, "yes");
  const auto before = clock_.steady();
  EXPECT_EQ(send({.retries = 0}).body, "yes");
  EXPECT_GE(clock_.steady() - before, std::chrono::minutes(2));
}

TEST_F(PatienceTest, DoesNotWaitForMoreThanItsLimit) {
  for (int i = 0; i < 10; ++i) http_.will_answer(429, std::to_string(i));
  EXPECT_EQ(send({.limit = std::chrono::minutes(1)}).status, 429);
  EXPECT_GT(http_.unused(), 5U);
}

/// HTTP whose first connections stay silent.
class SilentAtFirst final : public HttpClient {
 public:
  explicit SilentAtFirst(int silent) : silent_(silent) {}
  HttpResponse send(const HttpRequest&, Task& task) override {
    if (silent_-- > 0) task.pause(std::chrono::hours(1));
    return {.status = 200, .body = "yes"};
  }
  std::vector<HttpOutcome> send_all(std::span<const HttpRequest>, Task&) override { return {}; }

 private:
  int silent_;
};

TEST_F(PatienceTest, AsksAgainWhereNothingIsHeard) {
  const auto waited_for = [&](int silent, const Patience& patience) {
    SilentAtFirst http(silent);
    const auto before = clock_.steady();
    EXPECT_EQ(
        send_patiently(
            http, [] { return HttpRequest(); }, [](const HttpResponse&) { return Advice(); }, patience, task_)
            .body,
        "yes");
    return clock_.steady() - before;
  };
  EXPECT_LT(waited_for(1, {}), std::chrono::seconds(62));
  EXPECT_LT(waited_for(2, {.one_try = std::chrono::seconds(5)}), std::chrono::seconds(15));
}

TEST_F(PatienceTest, GivesTheOnlyTryAllTheTime) {
  SilentAtFirst http(9);
  const auto before = clock_.steady();
  EXPECT_THROW(send_patiently(
                   http, [] { return HttpRequest(); }, [](const HttpResponse&) { return Advice(); },
                   {.retries = 0, .limit = std::chrono::minutes(3)}, task_),
               Error);
  EXPECT_EQ(clock_.steady() - before, std::chrono::minutes(3));
}

TEST_F(PatienceTest, DoesNotRepeatWhatIsWrongOnOurSide) {
  http_.will_fail(Error("x509: certificate signed by unknown authority", Reason::authentication_failed));
  EXPECT_THROW(send(), Error);
  EXPECT_EQ(made_, 1);
}

}  // namespace
}  // namespace dm
