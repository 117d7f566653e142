// What the API's answers mean.
#include "drivers/digitalocean/api.h"

#include "drivers/digitalocean/digitalocean_test.h"

namespace dm {
namespace {

class DigitalOceanApiTest : public DigitalOceanTest {
 protected:
  std::string failure_of(int status, const std::string& body) {
    http_.will_answer(status, body);
    try {
      api_.fetch("/v2/regions", task_);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  DigitalOceanApi api_{"https://api.digitalocean.com/", "dop_v1_secret", services_};
};

TEST_F(DigitalOceanApiTest, FailsInTheOriginalsWords) {
  EXPECT_EQ(failure_of(422, R"({"id": "x", "message": "No.", "request_id": "4d9d"})"),
            "GET https://api.digitalocean.com/v2/regions: 422 No. (request \"4d9d\")");
  EXPECT_TRUE(
      failure_of(401, R"({"message": "Unable to authenticate you."})")
          .starts_with("GET https://api.digitalocean.com/v2/regions: 401 Unable to authenticate you."));
  EXPECT_TRUE(failure_of(200, "<html>").contains("--digitalocean-api-endpoint"));
  EXPECT_EQ(failure_of(418, "<html>"), "GET https://api.digitalocean.com/v2/regions: 418 ");
}

TEST_F(DigitalOceanApiTest, SendsTheTokenAndTellsNobody) {
  answer(200, {{"a", 1}});
  api_.fetch("/v2/account", task_);
  EXPECT_EQ(http_.requests().at(0).headers.at(0), "Authorization: Bearer dop_v1_secret");
  EXPECT_FALSE(log_.text().contains("secret")) << log_.text();
}

TEST_F(DigitalOceanApiTest, RefusesATokenThatIsNone) {
  DigitalOceanApi api("https://api.digitalocean.com", "a\r\nHost: b", services_);
  EXPECT_THROW(api.get("/v2/account", task_), Error);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(DigitalOceanApiTest, WaitsAsLongAsTheHeadersSay) {
  http_.will_answer(HttpResponse{.status = 429, .headers = {{"retry-after", "17"}}, .body = "{}"});
  const auto reset =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count() + 60;
  http_.will_answer(
      HttpResponse{.status = 429, .headers = {{"ratelimit-reset", std::to_string(reset)}}, .body = "{}"});
  answer(200, {{"a", 1}});
  const auto before = clock_.steady();
  EXPECT_TRUE(api_.send("POST", "/v2/droplets", {{"a", 1}}, DigitalOceanApi::Repeat::never, task_).ok());
  EXPECT_GE(clock_.steady() - before, std::chrono::seconds(59));
  EXPECT_LE(clock_.steady() - before, std::chrono::seconds(90));
}

TEST_F(DigitalOceanApiTest, SaysWhenTheCallsOfAnHourAreUsedUp) {
  http_.will_answer(HttpResponse{.status = 429,
                                 .headers = {{"retry-after", "1800"}},
                                 .body = R"({"message": "API rate limit exceeded."})"});
  const auto before = clock_.steady();
  try {
    api_.fetch("/v2/account", task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(
        std::string(error.what())
            .ends_with("429 API rate limit exceeded.. The account's calls are used up for 1800 more seconds"))
        << error.what();
  }
  EXPECT_EQ(clock_.steady(), before);
}

TEST_F(DigitalOceanApiTest, RepeatsOnlyWhatDoesNoHarm) {
  answer(500);
  answer(200, {{"a", 1}});
  EXPECT_TRUE(api_.get("/v2/account", task_).ok());
  answer(500);
  EXPECT_EQ(api_.send("POST", "/v2/droplets", {{"a", 1}}, DigitalOceanApi::Repeat::never, task_).status, 500);
}

TEST_F(DigitalOceanApiTest, ReadsAllPages) {
  answer(200, {{"tags", {1, 2}}, {"links", {{"pages", {{"next", "https://elsewhere/v2/tags?page=2"}}}}}});
  answer(200, {{"tags", {3}}, {"links", Json::object()}});
  EXPECT_EQ(api_.list("/v2/tags?a=b", "tags", task_), Json({1, 2, 3}));
  EXPECT_EQ(asked(), "GET tags?a=b&per_page=200\nGET tags?a=b&per_page=200&page=2\n");
}

TEST_F(DigitalOceanApiTest, WritesWordsOfUrls) {
  EXPECT_EQ(url_word("docker-machine:a_b"), "docker-machine:a_b");
  EXPECT_EQ(url_word("../a b?"), "..%2Fa%20b%3F");
}

}  // namespace
}  // namespace dm
