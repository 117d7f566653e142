// What a store has in a region, and getting rid of it.
#include "drivers/amazonec2/possessions.h"

#include "drivers/amazonec2/fake_ec2.h"

namespace dm {
namespace {

constexpr auto tagged =
    "<tagSet><item><key>docker-machine:machine</key><value>dev</value></item></tagSet></item>";

class Ec2PossessionsTest : public Ec2Test {
 protected:
  Ec2PossessionsTest() {
    for (const char* action : {"DescribeSpotInstanceRequests", "DescribeVolumes", "DescribeNetworkInterfaces",
                               "DescribeKeyPairs", "DescribeLaunchTemplates", "DescribeAddresses"})
      ec2_.always(action, "<R/>");
  }
};

TEST_F(Ec2PossessionsTest, AreFoundByTheStoresTag) {
  ec2_.always("DescribeInstances", FakeEc2::reservations(FakeEc2::instance("i-1", "stopped") +
                                                         FakeEc2::instance("i-2", "terminated")));
  ec2_.always("DescribeKeyPairs",
              std::string("<R><keySet><item><keyName>dev-1</keyName>") + tagged + "</keySet></R>");
  ec2_.always("DescribeSecurityGroups",
              "<R><securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo></R>");
  ec2_.always(
      "DescribeSecurityGroupRules",
      "<R><securityGroupRuleSet><item><groupId>sg-1</groupId></item><item><groupId>sg-9</groupId></item>"
      "</securityGroupRuleSet></R>");
  std::string found;
  for (const auto& one : type_->possessions(record(), store_id, services_, task_))
    found += one.kind + " " + one.id + " " + one.machine + " " + one.place + "\n";
  EXPECT_EQ(found,
            "instance i-1  eu-west-1\nkey pair dev-1 dev eu-west-1\nsecurity group sg-1  eu-west-1\n"
            "open ports sg-9/00112233aabbccdd  eu-west-1\n");
  EXPECT_EQ(ec2_.calls().size(), 9U);
  for (const auto& call : ec2_.calls()) EXPECT_EQ(call.value("Filter.1.Name"), "tag:docker-machine:store");
}

TEST_F(Ec2PossessionsTest, AreDisposedOf) {
  ec2_.always("DeleteVolume", "<R/>");
  type_->dispose(record(), {"dev", "disk", "vol-1", "eu-west-1"}, services_, task_);
  EXPECT_EQ(ec2_.calls_of("DeleteVolume").at(0).value("VolumeId"), "vol-1");
  ec2_.will_refuse("TerminateInstances", "InvalidInstanceID.NotFound");
  type_->dispose(record(), {"dev", "instance", "i-1", "eu-west-1"}, services_, task_);
  ec2_.will_refuse("TerminateInstances", "UnauthorizedOperation");
  EXPECT_TRUE(refusal([&] {
                type_->dispose(record(), {"dev", "instance", "i-1", "eu-west-1"}, services_, task_);
              }).contains("allow TerminateInstances"));
}

TEST_F(Ec2PossessionsTest, AreThoseOfOneAccount) {
  const std::string name = type_->account_of(record());
  EXPECT_TRUE(name.starts_with("eu-west-1 key #"));
  EXPECT_FALSE(name.contains("AKIDEXAMPLE"));
  EXPECT_EQ(type_->account_of(type_->account(values(), services_)), name);
}

}  // namespace
}  // namespace dm
