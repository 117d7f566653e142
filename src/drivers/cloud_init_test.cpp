// The user's own user-data beside ours.
#include "drivers/cloud_init.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm {
namespace {

const Json& ours() {
  static const Json config{{"hostname", "dev"}};
  return config;
}

TEST(CloudInit, IsAPlainCloudConfigWithoutTheUsersOwn) {
  EXPECT_EQ(merged_user_data(ours(), " \n"), "#cloud-config\n{\n \"hostname\": \"dev\"\n}\n");
}

TEST(CloudInit, DescribesWhoLogsIn) {
  EXPECT_EQ(login_user("me", "ssh-rsa A")["sudo"], "ALL=(ALL) NOPASSWD:ALL");
  EXPECT_EQ(login_user("docker", "ssh-rsa A")["primary_group"], "docker");
  EXPECT_EQ(login_user("root", "ssh-rsa A").size(), 2U);
}

TEST(CloudInit, MergesTheUsersOwn) {
  const std::string own = "#cloud-config\nruncmd: [ls]\n";
  const std::string text = merged_user_data(ours(), own);
  ASSERT_TRUE(text.starts_with("Content-Type: multipart/mixed; boundary=\""));
  const auto from = text.find('"') + 1;
  const std::string boundary = text.substr(from, text.find('"', from) - from);
  EXPECT_TRUE(text.contains("\n--" + boundary +
                            "\nContent-Type: text/cloud-config; charset=\"utf-8\"\n"
                            "MIME-Version: 1.0\n\n#cloud-config\n{"));
  EXPECT_TRUE(text.contains("X-Merge-Type: list(append)+dict(no_replace,recurse_list)+str()\n\n" + own));
  EXPECT_TRUE(text.ends_with("\n--" + boundary + "--\n"));
}

TEST(CloudInit, MakesAUserWhoMayLogIn) {
  const Json user = login_user("ops", "ssh-rsa AAAA");
  EXPECT_EQ(text_of(user, "name"), "ops");
  EXPECT_EQ(user["ssh_authorized_keys"], Json::array({"ssh-rsa AAAA"}));
  EXPECT_FALSE(user.contains("primary_group"));
  EXPECT_EQ(text_of(login_user("docker", ""), "primary_group"), "docker");
}

TEST(CloudInit, KnowsTheKindsOfUserData) {
  EXPECT_TRUE(merged_user_data(ours(), "#!/bin/sh\nls\n").contains("Content-Type: text/x-shellscript;"));
  const std::string mime = "MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n";
  EXPECT_TRUE(merged_user_data(ours(), mime).contains("==\n" + mime));
  EXPECT_THROW(merged_user_data(ours(), "hello"), Error);
}

}  // namespace
}  // namespace dm
