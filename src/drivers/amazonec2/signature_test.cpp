// Signatures against those that AWS's own library for Python (botocore) makes of the same requests.
#include "drivers/amazonec2/signature.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

constexpr auto body = "Action=DescribeInstances&Version=2016-11-15";

std::string authorization(const std::string& url, const std::string& token) {
  const AwsCredentials credentials{.access_key = "AKIDEXAMPLE",
                                   .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   .session_token = token};
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};
  return signed_form_headers(credentials, {"eu-west-1", "ec2"}, url, body, now).back();
}

TEST(Signature, IsWhatAwsExpects) {
  EXPECT_EQ(authorization("https://ec2.eu-west-1.amazonaws.com", ""),
            "authorization: AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20270115/eu-west-1/ec2/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=663e52e2edb506255c71e2199f12ca639056d41abd5b5f5b9577d1504efa8f9c");
}

TEST(Signature, CoversTheSessionToken) {
  EXPECT_TRUE(authorization("https://ec2.eu-west-1.amazonaws.com", "TOKEN")
                  .ends_with("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                             "Signature=490c449d399668cb71e21c8045bc3112983bad5a87eabd4f6325fb51808ef2f9"));
}

TEST(Signature, CoversPortAndPath) {
  EXPECT_TRUE(authorization("http://127.0.0.1:5000/a/b", "TOKEN")
                  .ends_with("67ef0793f92f6f3706dd1f00d8b06d800d7723cd615d03dff006ce3af1a3ace6"));
  EXPECT_EQ(authorization("https://ec2.eu-west-1.amazonaws.com:443", ""),
            authorization("https://ec2.eu-west-1.amazonaws.com", ""));
}

}  // namespace
}  // namespace dm
