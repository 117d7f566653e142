// Which image is chosen.
#include "drivers/amazonec2/image.h"

#include "drivers/amazonec2/fake_ec2.h"

namespace dm {
namespace {

class Ec2ImageTest : public Ec2Test {
 protected:
  Ec2Image find(const std::string& wanted, const std::string& region = "eu-west-1",
                const std::vector<std::string>& architectures = {"x86_64"}) {
    const QueryClient client{
        ec2_, {.service = "ec2", .version = "v", .url = "https://ec2.test", .region = region}, 0, [](Task&) {
          return AwsCredentials{.access_key = "A", .secret_key = "S"};
        }};
    return find_image(client, wanted, region, architectures, task_);
  }
};

TEST_F(Ec2ImageTest, IsTheNewestOfTheNewestLongTermRelease) {
  const Ec2Image image = find("");
  EXPECT_EQ(image.id, "ami-newer");
  EXPECT_EQ(image.root_device, "/dev/sda1");
  EXPECT_EQ(image.root_size, 8);
  EXPECT_EQ(image.further_disks, std::vector<std::string>{"/dev/sdf"});
  // The clock says January of 2027.
  const auto call = ec2_.calls().at(0);
  EXPECT_EQ(call.value("Owner.1"), "099720109477");
  EXPECT_EQ(call.value("Filter.1.Value.3"), "ubuntu/images/hvm-ssd*/ubuntu-*-26.04-amd64-server-*");
  EXPECT_EQ(call.value("Filter.1.Value.4"), "");
}

TEST_F(Ec2ImageTest, IsForTheArchitectureAndOfThePartition) {
  EXPECT_TRUE(
      refusal([&] { find("", "us-gov-west-1", {"arm64"}); }).contains("no image of ubuntu for arm64"));
  EXPECT_EQ(ec2_.calls().at(0).value("Owner.1"), "513442679011");
  EXPECT_TRUE(ec2_.calls().at(0).value("Filter.1.Value.1").contains("-arm64-server-"));
  EXPECT_TRUE(refusal([&] { find("debian", "cn-north-1"); }).contains("give --amazonec2-ami"));
}

TEST_F(Ec2ImageTest, MayBeDebians) {
  ec2_.always("DescribeImages",
              "<R><imagesSet>" + FakeEc2::image("ami-12", "debian-12-amd64-20261201-1", "2026-12-01") +
                  FakeEc2::image("ami-13", "debian-13-amd64-20261101-1", "2026-11-01") +
                  FakeEc2::image("ami-x", "debian-sid-amd64-20261231-1", "2026-12-31") + "</imagesSet></R>");
  EXPECT_EQ(find("debian").id, "ami-13");
  EXPECT_EQ(ec2_.calls().at(0).value("Owner.1"), "136693071363");
}

TEST_F(Ec2ImageTest, HasToFitTheInstanceType) {
  EXPECT_TRUE(refusal([&] {
                find("ami-old", "eu-west-1", {"arm64"});
              }).contains("is for x86_64, and the instance type for arm64"));
  ec2_.always("DescribeImages", "<R><imagesSet/></R>");
  EXPECT_TRUE(refusal([&] { find("ami-0"); }).contains("there is no image \"ami-0\" in eu-west-1"));
}

}  // namespace
}  // namespace dm
