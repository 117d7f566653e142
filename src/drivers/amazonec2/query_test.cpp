// Calls, refusals, patience.
#include "drivers/amazonec2/query.h"

#include <gtest/gtest.h>

#include "http/fake_http.h"

namespace dm {
namespace {

class QueryTest : public ::testing::Test {
 protected:
  std::string refusal() {
    try {
      client_.call("DescribeThings", {}, task_);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  static std::string error_body(const std::string& code, const std::string& words) {
    return "<Response><Errors><Error><Code>" + code + "</Code><Message>" + words +
           "</Message></Error></Errors></Response>";
  }

  FakeHttp http_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
  QueryClient client_{
      http_,
      {.service = "ec2", .version = "2016-11-15", .url = "https://ec2.test", .region = "eu-west-1"},
      2,
      [](Task&) { return AwsCredentials{.access_key = "A", .secret_key = "S"}; }};
};

TEST_F(QueryTest, SendsASignedForm) {
  http_.will_answer(200, "<R><a><b>1</b></a></R>");
  QueryParameters parameters;
  parameters.add("Name", std::string("a b&c=d/é")).add_filter("f", {"x", "y"}).add_filter("none", {});
  parameters.add_filter("g", {"z"}).add_tags("instance", {{"k", "v"}});
  EXPECT_EQ(client_.call("DescribeThings", parameters, task_).text("a/b"), "1");
  EXPECT_EQ(http_.requests().at(0).body,
            "Action=DescribeThings&Version=2016-11-15&Name=a+b%26c%3Dd%2F%C3%A9&Filter.1.Name=f"
            "&Filter.1.Value.1=x&Filter.1.Value.2=y&Filter.2.Name=g&Filter.2.Value.1=z"
            "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k"
            "&TagSpecification.1.Tag.1.Value=v");
  EXPECT_TRUE(http_.requests().at(0).headers.back().contains("Credential=A/"));
}

TEST_F(QueryTest, TellsTheProvidersWordsAndWhatToDo) {
  http_.will_answer(
      403, error_body("UnauthorizedOperation", "You may not. Encoded authorization failure message: abcdef"));
  EXPECT_EQ(refusal(),
            "DescribeThings: UnauthorizedOperation: You may not (let the policy of these credentials allow "
            "DescribeThings)");
  http_.will_answer(403,
                    "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>Late.</Message></Error>"
                    "</ErrorResponse>");
  EXPECT_EQ(refusal(), "DescribeThings: ExpiredToken: Late (fetch new temporary credentials)");
  http_.will_answer(404, "<html>");
  EXPECT_TRUE(refusal().contains("https://ec2.test answers with HTTP status 404"));
  http_.will_answer(200, "no xml");
  EXPECT_TRUE(refusal().contains("is no XML"));
}

TEST_F(QueryTest, WaitsThrottlingOut) {
  for (int i = 0; i < 6; ++i) http_.will_answer(503, error_body("RequestLimitExceeded", "Slowly"));
  http_.will_answer(200, "<R/>");
  EXPECT_EQ(refusal(), "");
}

TEST_F(QueryTest, RepeatsFailuresOfTheProviderButNotItsRefusals) {
  for (int i = 0; i < 3; ++i) http_.will_answer(500, error_body("InternalError", "Oh"));
  EXPECT_TRUE(refusal().contains("InternalError"));
  EXPECT_EQ(http_.requests().size(), 3U);
  http_.will_answer(500, error_body("InsufficientInstanceCapacity", "Full"));
  EXPECT_TRUE(refusal().contains("InsufficientInstanceCapacity: Full (try again later"));
  EXPECT_EQ(http_.requests().size(), 4U);
}

TEST_F(QueryTest, NamesTheEndpointThatDoesNotAnswer) {
  for (int i = 0; i < 3; ++i) http_.will_fail(Error("no such host", Reason::unreachable));
  EXPECT_EQ(refusal(),
            "DescribeThings: no answer from https://ec2.test: no such host (are --amazonec2-region and the "
            "network right?)");
}

}  // namespace
}  // namespace dm
