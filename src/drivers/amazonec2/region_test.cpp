// Regions and endpoints.
#include "drivers/amazonec2/region.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

TEST(Region, IsKnownByItsForm) {
  for (const char* region : {"us-east-1", "ap-southeast-7", "us-gov-west-1", "cn-northwest-1", "mx-central-1",
                             "us-isob-east-1", "eusc-de-east-1"})
    EXPECT_TRUE(is_region(region)) << region;
  for (const char* other : {"", "us-east", "us-east-1a", "EU-WEST-1", "us east 1", "eu-west-1.evil.example"})
    EXPECT_FALSE(is_region(other)) << other;
}

TEST(Region, TellsItsEndpoints) {
  EXPECT_EQ(endpoint_of("ec2", "eu-west-1"), "https://ec2.eu-west-1.amazonaws.com");
  EXPECT_EQ(endpoint_of("sts", "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(endpoint_of("ec2", "us-gov-east-1"), "https://ec2.us-gov-east-1.amazonaws.com");
}

TEST(Region, TellsWhoseImagesAreThere) {
  EXPECT_EQ(partition_of("us-gov-west-1").canonical, "513442679011");
  EXPECT_EQ(partition_of("cn-north-1").canonical, "837727238323");
  EXPECT_EQ(partition_of("us-east-2").canonical, "099720109477");
}

TEST(Region, TakesAnyEndpoint) {
  EXPECT_EQ(endpoint_url("localhost:8773/", false), "https://localhost:8773");
  EXPECT_EQ(endpoint_url("localhost:8773", true), "http://localhost:8773");
  EXPECT_EQ(endpoint_url("http://localhost:5000", false), "http://localhost:5000");
  EXPECT_EQ(endpoint_url("https://localhost/services/Cloud/", true), "http://localhost/services/Cloud");
}

}  // namespace
}  // namespace dm
