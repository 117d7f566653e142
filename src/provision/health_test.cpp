// What is read out of a machine's answer.
#include "provision/health.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

constexpr auto answer = R"(privilege=sudo
time=1800000000
disk=/ overlay 100 96 4 96% /
inodes=/ overlay 100 4 96 4% /
disk=/var/lib/docker /dev/sdb 1000 10 990 1% /var/lib/docker
inodes=/var/lib/docker /dev/sdb 10 10 0 100% /var/lib/docker
engine=failed
boot=disabled
journal:failed to start daemon: x=y
journal:bye
listens=yes
containers=3
server:-----BEGIN CERTIFICATE-----
server:abc=
end=yes
)";

TEST(Health, is_read) {
  const Health health = parse_health(answer);
  EXPECT_EQ(health.privilege, Privilege::sudo);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(health.time), 1800000000);
  ASSERT_EQ(health.disks.size(), 2U);
  EXPECT_EQ(health.disks[0].bytes_percent, 96);
  EXPECT_EQ(health.disks[0].inodes_percent, 4);
  EXPECT_EQ(health.disks[1].path, "/var/lib/docker");
  EXPECT_EQ(health.disks[1].free_kilobytes, 990);
  EXPECT_EQ(health.disks[1].inodes_percent, 100);
  EXPECT_EQ(health.engine_state + " " + health.engine_at_boot, "failed disabled");
  EXPECT_EQ(health.journal, "failed to start daemon: x=y\nbye\n");
  EXPECT_TRUE(health.engine_listens);
  EXPECT_FALSE(health.clock_is_synchronized);
  EXPECT_EQ(health.containers, 3);
  EXPECT_EQ(health.server_certificate, "-----BEGIN CERTIFICATE-----\nabc=\n");
}

TEST(Health, one_file_system_is_one_disk) {
  const Health health = parse_health(
      "disk=/ /dev/sda 100 50 50 50% /\ndisk=/var/lib/docker /dev/sda 100 50 50 50% /\nend=yes\n");
  EXPECT_EQ(health.disks.size(), 1U);
}

TEST(Health, half_an_answer_is_none) {
  EXPECT_THROW(parse_health("privilege=root\n"), Error);
  EXPECT_THROW(parse_health("This account is currently not available.\n"), Error);
}

TEST(Health, the_port_is_looked_for_as_the_kernel_writes_it) {
  EXPECT_TRUE(health_command(2376).input.contains(":0948 "));
}

}  // namespace
}  // namespace dm
