// What a machine answers about itself.
#include "provision/facts.h"

#include "provision/distribution.h"
#include "provision/provision_test.h"

namespace dm {
namespace {

TEST(OsRelease, IsReadAsAShellWouldReadIt) {
  const auto release = parse_os_release(
      "# a comment with = in it\n"
      "PRETTY_NAME=\"Debian \\\"GNU\\\" \\$5 \\\\ \\n\"\n"
      "ID=debian\r\n"
      "\n"
      "no line at all\n"
      "VERSION_ID='12'\n"
      "ID_LIKE=\"a b\"\n"
      "BUG_REPORT_URL=\"https://bugs.debian.org/?a=b\"\n");
  EXPECT_EQ(release.id, "debian");
  EXPECT_EQ(release.version_id, "12");
  EXPECT_EQ(release.id_like, "a b");
  EXPECT_EQ(release.pretty_name, "Debian \"GNU\" $5 \\ \\n");
}

std::string name_for(const OsRelease& release) {
  const auto* found = find_distribution(release);
  return found == nullptr ? "" : found->name;
}

TEST(FindDistribution, GoesByTheId) {
  EXPECT_EQ(name_for({.id = "debian", .version_id = "12"}), "debian");
  EXPECT_EQ(name_for({.id = "ubuntu", .id_like = "debian", .version_id = "22.04"}), "ubuntu(systemd)");
  EXPECT_EQ(name_for({.id = "ubuntu", .id_like = "debian", .version_id = "15.04"}), "ubuntu(systemd)");
  EXPECT_EQ(name_for({.id = "ubuntu", .id_like = "debian"}), "ubuntu(systemd)");
}

TEST(FindDistribution, KnowsSpecialCases) {
  EXPECT_EQ(name_for({.id = "ubuntu", .id_like = "debian", .version_id = "14.04"}), "ubuntu(upstart)");
  EXPECT_EQ(name_for({.id = "fedora", .version_id = "40", .variant_id = "coreos"}), "fedora coreos");
}

TEST(FindDistribution, FallsBackOnWhatItIsLike) {
  // Its own version says nothing about that of its relative.
  EXPECT_EQ(name_for({.id = "elementary", .id_like = "ubuntu debian", .version_id = "7"}), "ubuntu(systemd)");
  EXPECT_EQ(name_for({.id = "devuan", .id_like = "debian"}), "debian");
  EXPECT_EQ(name_for({.id = "eurolinux", .id_like = "rhel fedora centos"}), "redhat");
  EXPECT_EQ(name_for({.id = "manjaro", .id_like = "arch"}), "arch");
  EXPECT_EQ(name_for({.id = "gecko", .id_like = "opensuse suse"}), "SUSE");
  EXPECT_EQ(name_for({.id = "plan9"}), "");
  EXPECT_EQ(name_for({}), "");
}

TEST(Facts, OfAHostWithAnEngine) {
  const auto facts = parse_facts(
      "Welcome! user=nobody\n"
      "privilege=sudo\nuser=admin\n"
      "os-release:ID=debian\nos-release:VERSION_ID=\"12\"\n"
      "cloud_init=running\ndockerd=/usr/sbin/dockerd\nservice_manager=systemd\n"
      "service=ActiveState=active LoadState=loaded \n"
      "engine=overlay2 [[Backing Filesystem extfs] [Supports d_type true]]\n"
      "stored_with=overlay2 vfs \nfile_system=ext2/ext3\n"
      "daemon.json:{\ndaemon.json:  \"dns\": [\"8.8.8.8\"]\ndaemon.json:}\nend=yes\n");
  EXPECT_EQ(facts.privilege, Privilege::sudo);
  EXPECT_EQ(facts.user, "admin");
  EXPECT_EQ(facts.os_release.id, "debian");
  EXPECT_EQ(facts.cloud_init, CloudInit::running);
  EXPECT_EQ(facts.engine_program, "/usr/sbin/dockerd");
  EXPECT_TRUE(facts.engine_there());
  EXPECT_TRUE(facts.engine_running);
  EXPECT_FALSE(facts.containerd_images);
  EXPECT_EQ(facts.storage_driver, "overlay2");
  EXPECT_EQ(facts.stored_with, (std::vector<std::string>{"overlay2", "vfs"}));
  EXPECT_EQ(facts.file_system, "ext2/ext3");
  EXPECT_EQ(facts.engine_file, "{\n  \"dns\": [\"8.8.8.8\"]\n}\n");
}

TEST(Facts, OfAnEngineWithContainerdsImageStore) {
  const auto facts = parse_facts(
      "service=ActiveState=active LoadState=loaded\n"
      "engine=overlayfs [[driver-type io.containerd.snapshotter.v1]]\nend=yes\n");
  EXPECT_TRUE(facts.containerd_images);
}

TEST(Facts, OfABareHost) {
  const auto facts = parse_facts(
      "privilege=root\nuser=root\nservice_manager=systemd\nservice=ActiveState=inactive LoadState=not-found "
      "\nend=yes");
  EXPECT_FALSE(facts.engine_there());
  EXPECT_FALSE(facts.engine_running);
  EXPECT_EQ(facts.cloud_init, CloudInit::absent);
}

TEST(Facts, AnAnswerThatStopsHalfWayIsRefused) {
  EXPECT_THROW(parse_facts("privilege=root\n"), Error);
  EXPECT_THROW(parse_facts("Please change your password now.\n"), Error);
}

TEST(Facts, AreAskedForInOneScript) {
  EXPECT_EQ(facts_command().line, "sh");
  expect_golden("facts.txt", facts_command().input);
}

// Leaves the process: the question itself, asked of this computer.
TEST(Facts, AreFoundByARealShell) {
  PlayedTask test;
  LocalShellSession session;
  const auto result = session.run(facts_command(), test.task);
  const auto facts = parse_facts(result.output);
  EXPECT_FALSE(facts.os_release.id.empty());
  EXPECT_FALSE(facts.user.empty());
  EXPECT_FALSE(facts.file_system.empty());
}

}  // namespace
}  // namespace dm
