// What cloud-init is told.
#include "drivers/amazonec2/user_data.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace dm {
namespace {

FirstBoot boot() {
  return {.hostname = "dev",
          .user = "ubuntu",
          .authorized_key = "ssh-rsa AAAA",
          .host_key = "PRIVATE",
          .host_public_key = "ecdsa-sha2-nistp256 BBBB"};
}

Json config_in(const std::string& user_data) {
  EXPECT_TRUE(user_data.starts_with("#cloud-config\n"));
  return parse_json(user_data.substr(user_data.find('\n')));
}

TEST(Ec2UserData, MakesUserAndHostKey) {
  const Json config = config_in(user_data_of(boot()));
  EXPECT_EQ(config["users"][0]["name"], "ubuntu");
  EXPECT_EQ(config["users"][0]["ssh_authorized_keys"], Json({"ssh-rsa AAAA"}));
  EXPECT_EQ(config["ssh_keys"]["ecdsa_private"], "PRIVATE");
  EXPECT_FALSE(config.contains("bootcmd"));
}

TEST(Ec2UserData, LetsRootIn) {
  FirstBoot root = boot();
  root.user = "root";
  const Json config = config_in(user_data_of(root));
  EXPECT_EQ(config["disable_root"], false);
  EXPECT_FALSE(config["users"][0].contains("sudo"));
}

TEST(Ec2UserData, MovesTheSshServer) {
  FirstBoot moved = boot();
  moved.ssh_port = 2222;
  const auto script = config_in(user_data_of(moved))["bootcmd"][0][2].get<std::string>();
  EXPECT_TRUE(script.starts_with("port=2222\n"));
  EXPECT_TRUE(script.contains("ListenStream=%s\\n' \"$port\""));
}

TEST(Ec2UserData, IsNoLongerThanEc2Takes) {
  FirstBoot big = boot();
  big.own = "#!/bin/sh\n" + std::string(16000, 'x');
  try {
    user_data_of(big);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::check_failed);
    EXPECT_TRUE(std::string(error.what()).contains("EC2 takes 16384"));
  }
}

}  // namespace
}  // namespace dm
