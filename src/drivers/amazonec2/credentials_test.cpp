// Where credentials come from, and in which order.
#include "drivers/amazonec2/credentials.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/strings.h"
#include "http/fake_http.h"
#include "ssh/fake_ssh.h"

namespace dm {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : home_(fs::temp_directory_path() / ("credentials-test-" + random_hex(12))) {
    make_folders(home_ / ".aws");
  }
  ~CredentialsTest() override { fs::remove_all(home_); }

  void files(const std::string& config, const std::string& credentials) {
    write_file(home_ / ".aws/config", config, private_file);
    write_file(home_ / ".aws/credentials", credentials, private_file);
  }
  AwsCredentials find(const CredentialSource& source, std::map<std::string, std::string> variables = {}) {
    variables.try_emplace("HOME", home_.string());
    variables.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
    const Environment environment(variables);
    const Services services{http_, ssh_, processes_, clock_, environment};
    return cache_.credentials(source, services, task_);
  }
  std::string refusal(const CredentialSource& source,
                      const std::map<std::string, std::string>& variables = {}) {
    try {
      find(source, variables);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  void sts_will_answer(const std::string& action, const std::string& expiration = "2030-01-01T00:00:00Z") {
    http_.will_answer(200, "<R><" + action +
                               "Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s"
                               "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" +
                               expiration + "</Expiration></Credentials></" + action + "Result></R>");
  }

  const fs::path home_;
  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  SystemProcessRunner processes_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
  AwsCredentialCache cache_;
};

TEST_F(CredentialsTest, AreThoseOfTheSettingsFirst) {
  const AwsCredentials found = find({.access_key = "env:KEY", .secret_key = "s", .session_token = "t"},
                                    {{"KEY", "AKIA1"}, {"AWS_ACCESS_KEY_ID", "other"}});
  EXPECT_EQ(found.access_key, "AKIA1");
  EXPECT_EQ(found.session_token, "t");
}

TEST_F(CredentialsTest, AreTheEnvironmentsThenTheProfiles) {
  files("[profile work]\nregion = eu-west-1\n",
        "[default]\naws_access_key_id = D\naws_secret_access_key = d\n"
        "[work]\naws_access_key_id=W\naws_secret_access_key=w\n");
  const std::map<std::string, std::string> keys{{"AWS_ACCESS_KEY", "E"}, {"AWS_SECRET_KEY", "e"}};
  EXPECT_EQ(find({.region = "1"}, keys).access_key, "E");
  EXPECT_EQ(find({.region = "2"}).access_key, "D");
  EXPECT_EQ(find({.region = "3"}, {{"AWS_PROFILE", "work"}}).access_key, "W");
  EXPECT_EQ(find({.profile = "work"}, keys).access_key, "W");
}

TEST_F(CredentialsTest, AreARolesAfterTheProfileThatMayTakeItOn) {
  files("[profile admin]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = default\nexternal_id = x\n",
        "[default]\naws_access_key_id = D\naws_secret_access_key = d\n");
  sts_will_answer("AssumeRole");
  EXPECT_EQ(find({.profile = "admin", .region = "eu-west-1"}).access_key, "ASIAROLE");
  const HttpRequest& asked = http_.requests().at(0);
  EXPECT_EQ(asked.url, "https://sts.eu-west-1.amazonaws.com");
  EXPECT_TRUE(asked.body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa"));
  EXPECT_TRUE(asked.body.contains("ExternalId=x"));
  EXPECT_TRUE(asked.headers.back().contains("Credential=D/"));
}

TEST_F(CredentialsTest, AreFetchedOnceUntilTheyExpire) {
  files("[default]\nrole_arn = arn:r\ncredential_source = Environment\n", "");
  const std::map<std::string, std::string> keys{{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}};
  sts_will_answer("AssumeRole", "2027-01-15T09:00:00Z");
  for (int i = 0; i < 3; ++i) find({.profile = "default", .region = "eu-west-1"}, keys);
  EXPECT_EQ(http_.requests().size(), 1U);
  clock_.advance(std::chrono::minutes(56));
  sts_will_answer("AssumeRole");
  find({.profile = "default", .region = "eu-west-1"}, keys);
  EXPECT_EQ(http_.requests().size(), 2U);
}

TEST_F(CredentialsTest, AreAWebIdentitys) {
  write_file(home_ / "token", "jwt\n", private_file);
  sts_will_answer("AssumeRoleWithWebIdentity");
  EXPECT_EQ(find({.region = "cn-north-1"},
                 {{"AWS_WEB_IDENTITY_TOKEN_FILE", (home_ / "token").string()}, {"AWS_ROLE_ARN", "arn:r"}})
                .session_token,
            "t");
  EXPECT_TRUE(http_.requests().at(0).body.contains("WebIdentityToken=jwt"));
  EXPECT_EQ(http_.requests().at(0).headers.size(), 1U);  // not signed
}

TEST_F(CredentialsTest, AreTheContainers) {
  http_.will_answer(200, R"({"AccessKeyId":"C","SecretAccessKey":"c","Token":"t","Expiration":""})");
  EXPECT_EQ(find({}, {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/c"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x"}})
                .access_key,
            "C");
  EXPECT_EQ(http_.requests().at(0).headers, (std::vector<std::string>{"Authorization: Bearer x"}));
  EXPECT_FALSE(http_.requests().at(0).proxied);
  EXPECT_TRUE(refusal({.region = "2"}, {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"}})
                  .contains("is refused"));
}

TEST_F(CredentialsTest, AreTheInstancesRoleByAToken) {
  http_.will_answer(200, "TOKEN");
  http_.will_answer(200, "role-1\n");
  http_.will_answer(200, R"({"AccessKeyId":"I","SecretAccessKey":"i","Token":"t"})");
  EXPECT_EQ(find({}, {{"AWS_EC2_METADATA_DISABLED", "false"}}).access_key, "I");
  EXPECT_EQ(http_.requests().at(0).method, "PUT");
  EXPECT_EQ(http_.requests().at(2).url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/role-1");
  EXPECT_EQ(http_.requests().at(2).headers, (std::vector<std::string>{"X-aws-ec2-metadata-token: TOKEN"}));
}

TEST_F(CredentialsTest, AreAProgramsAnswer) {
  files(
      "[default]\ncredential_process = echo "
      "'{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"p\"}'\n",
      "");
  EXPECT_EQ(find({}).access_key, "P");
}

TEST_F(CredentialsTest, AreMissedInTheOriginalsWords) {
  EXPECT_TRUE(refusal({}).starts_with("amazonec2 driver requires AWS credentials configured with"));
  EXPECT_TRUE(refusal({.profile = "none"}).contains("no AWS profile \"none\""));
  files(
      "[profile sso]\nsso_session = corp\n[profile loop]\nrole_arn = r\nsource_profile = loop2\n"
      "[profile loop2]\nrole_arn = r\nsource_profile = loop\n",
      "");
  EXPECT_TRUE(refusal({.profile = "sso"}).contains("export-credentials --profile sso"));
  EXPECT_TRUE(refusal({.profile = "loop"}).contains("its own source_profile"));
}

}  // namespace
}  // namespace dm
