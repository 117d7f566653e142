// Flags, and the record that they make.
#include "drivers/amazonec2/settings.h"

#include "drivers/amazonec2/fake_ec2.h"

namespace dm {
namespace {

class Ec2SettingsTest : public Ec2Test {
 protected:
  std::string refused(const std::map<std::string, FlagValue>& given) {
    return refusal([&] { record(given); });
  }
};

TEST_F(Ec2SettingsTest, KeepTheOriginalsKeysInItsOrder) {
  const Json made = record();
  std::vector<std::string> keys;
  for (const auto& item : made.items()) keys.push_back(item.key());
  const std::vector<std::string> original{"Id",
                                          "AccessKey",
                                          "SecretKey",
                                          "SessionToken",
                                          "Region",
                                          "AMI",
                                          "SSHKeyID",
                                          "ExistingKey",
                                          "KeyName",
                                          "InstanceId",
                                          "InstanceType",
                                          "PrivateIPAddress",
                                          "SecurityGroupId",
                                          "SecurityGroupIds",
                                          "SecurityGroupName",
                                          "SecurityGroupNames",
                                          "SecurityGroupReadOnly",
                                          "OpenPorts",
                                          "Tags",
                                          "ReservationId",
                                          "DeviceName",
                                          "RootSize",
                                          "VolumeType",
                                          "IamInstanceProfile",
                                          "VpcId",
                                          "SubnetId",
                                          "Zone",
                                          "RequestSpotInstance",
                                          "SpotPrice",
                                          "BlockDurationMinutes",
                                          "PrivateIPOnly",
                                          "UsePrivateIP",
                                          "UseEbsOptimizedInstance",
                                          "Monitoring",
                                          "SSHPrivateKeyPath",
                                          "RetryCount",
                                          "Endpoint",
                                          "DisableSSL",
                                          "UserDataFile"};
  ASSERT_GT(keys.size(), 9 + original.size());
  EXPECT_EQ(std::vector(keys.begin() + 9, keys.begin() + 9 + static_cast<std::ptrdiff_t>(original.size())),
            original);
  EXPECT_TRUE(ec2_.calls().empty());
}

TEST_F(Ec2SettingsTest, StoreTheFirstOfSeveralWhereTheOriginalLooks) {
  const Json made = record({{"instance-type", std::vector<std::string>{"c5.large", "m5.large"}},
                            {"subnet-id", std::vector<std::string>{"subnet-1", "subnet-2"}}});
  EXPECT_EQ(text_of(made, "InstanceType"), "c5.large");
  EXPECT_EQ(text_of(made, "SubnetId"), "subnet-1");
  EXPECT_EQ(text_of(made, "SpotPrice"), "0.50");
  EXPECT_EQ(text_of(record({{"spot-price", std::string()}}), "SpotPrice"), "");
}

TEST_F(Ec2SettingsTest, StoreSecretsAndReferencesAsTheyWereGiven) {
  EXPECT_EQ(text_of(record(), "SecretKey"), "geheim");
  EXPECT_EQ(text_of(record({{"secret-key", std::string("env:KEY")}}), "SecretKey"), "env:KEY");
}

TEST_F(Ec2SettingsTest, TakeTheRegionFromTheProfileIfNobodySaysOtherwise) {
  make_folders(store_ / ".aws");
  write_file(store_ / ".aws/config", "[default]\nregion = sa-east-1\n[profile far]\nregion=ap-south-2\n",
             0600);
  FlagValues plain;
  for (const Flag& flag : type_->flags(services_, task_)) plain.set(flag.name, default_value(flag));
  EXPECT_EQ(ec2_settings_of(plain, services_).region, "sa-east-1");
  plain.set("amazonec2-profile", std::string("far"));
  EXPECT_EQ(ec2_settings_of(plain, services_).region, "ap-south-2");
}

TEST_F(Ec2SettingsTest, RefuseWhatMakesNoMachine) {
  EXPECT_TRUE(refused({{"region", std::string("mars")}}).contains("Invalid region specified"));
  EXPECT_TRUE(refused({{"insecure-transport", true}}).contains("also requires --amazonec2-endpoint"));
  EXPECT_TRUE(
      refused({{"keypair-name", std::string("k")}}).contains("also requires --amazonec2-ssh-keypath"));
  EXPECT_TRUE(refused({{"secret-key", std::string()}}).contains("belong together"));
  EXPECT_TRUE(refused({{"volume-throughput", 200LL}}).contains("is for gp3"));
  EXPECT_TRUE(refused({{"metadata-token", std::string("maybe")}}).contains("required, optional"));
  EXPECT_TRUE(refused({{"elastic-ip", std::string("1.2.3.4")}}).contains("allocate"));
  EXPECT_TRUE(refused({{"open-port", std::vector<std::string>{"http"}}}).contains("is no port"));
  EXPECT_TRUE(refused({{"ssh-port", 70000LL}}).contains("is no port"));
}

TEST(Ec2Tags, ArePairs) {
  EXPECT_EQ(tags_of("a,1,b,2").at(1), (std::pair<std::string, std::string>("b", "2")));
  EXPECT_EQ(tags_of("a,1,b").size(), 1U);
  EXPECT_TRUE(has_odd_tags("a,1,b"));
  EXPECT_FALSE(has_odd_tags(""));
}

}  // namespace
}  // namespace dm
