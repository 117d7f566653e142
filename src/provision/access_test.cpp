// What changes authorized_keys and the engine's trust file, run by a real shell of this computer.
#include "provision/access.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "base/temporary_folder.h"
#include "provision/provision_test.h"
#include "provision/steps.h"

namespace dm {
namespace {

const std::string authority = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";
const std::string leaf = "-----BEGIN CERTIFICATE-----\nTEVBRg==\n-----END CERTIFICATE-----\n";

/// A home of its own for the shell that runs the scripts.
class AccessTest : public ::testing::Test, protected PlayedTask {
 protected:
  AccessTest() {
    setenv("HOME", folder.path().c_str(), 1);
    make_folders(file.parent_path());
  }
  ~AccessTest() override { setenv("HOME", old_home.c_str(), 1); }

  const std::string old_home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  const TemporaryFolder folder;
  const fs::path file = folder.path() / ".ssh" / "authorized_keys";
  LocalShellConnector connector;
  RemoteHost host{connector, {}};
};

TEST_F(AccessTest, OnlyLinesOfThatPersonChange) {
  const std::string others =
      "# docker-machine access b.b\n"
      "ssh-rsa AAAA1 alice\n"
      "command=\"echo docker-machine access b.b\" ssh-rsa AAAA2 docker-machine access b.b\n"
      "ssh-rsa AAAA3 docker-machine access bxb\n"
      "ssh-rsa AAAA4 docker-machine access b.b.b";  // without a newline at its end
  write_file(file, others, 0640);
  set_ssh_keys(host, "b.b", {{"ssh-rsa", "AAAA5"}, {"ssh-ed25519", "AAAA6"}}, task);
  EXPECT_EQ(
      read_file(file),
      others + "\nssh-rsa AAAA5 docker-machine access b.b\nssh-ed25519 AAAA6 docker-machine access b.b\n");
  const auto keys = granted_keys(read_file(file));
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_EQ(keys[1].who, "b.b.b");
  EXPECT_EQ(keys[3].key, (HostKey{"ssh-ed25519", "AAAA6"}));
  set_ssh_keys(host, "b.b", {{"ssh-rsa", "AAAA7"}}, task);
  EXPECT_EQ(read_file(file), others + "\nssh-rsa AAAA7 docker-machine access b.b\n");
  set_ssh_keys(host, "b.b", {}, task);
  EXPECT_EQ(read_file(file), others + "\n");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0640));
}

TEST_F(AccessTest, AHomeWithoutKeysGetsThem) {
  dm::remove_all(file.parent_path());
  set_ssh_keys(host, "bob", {{"ssh-rsa", "AAAA5"}}, task);
  EXPECT_EQ(granted_keys(read_file(file)).size(), 1U);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(file.parent_path()).permissions(), fs::perms(0700));
}

TEST_F(AccessTest, NewCertificatesOfAnEngineLeaveInWhoWasGrantedAccess) {
  const std::string place = folder.path().string(), granted = "# docker-machine access bob\n" + leaf;
  write_file(place + "/ca.pem", "old\n" + granted + authority + granted, 0644);
  Script script;
  ScriptPart part = certificates_part(place, {authority, "server", "key"});
  part.code += "replace_staged\n";
  script.add(std::move(part));
  run_script(host, script, Privilege::root, task);
  EXPECT_EQ(read_file(place + "/ca.pem"), authority + granted + granted);
  EXPECT_EQ(granted_certificates(read_file(place + "/ca.pem")).size(), 2U);
}

TEST(GrantedCertificates, AreThoseBehindOurMark) {
  const auto found = granted_certificates(authority + leaf + "# docker-machine access bob@example\n" + leaf +
                                          authority + "# docker-machine access cut\n-----BEGIN");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].who, "bob@example");
  EXPECT_EQ(found[0].certificate, leaf);
}

}  // namespace
}  // namespace dm
