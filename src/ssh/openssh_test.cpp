// Argument lists for OpenSSH, as text and with the real programs.
#include "ssh/openssh.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ssh/known_hosts.h"
#include "ssh/libssh_connector.h"
#include "ssh/sshd_for_tests.h"

namespace dm {
namespace {

using Words = std::vector<std::string>;

SshTarget plain_target() {
  return {"192.0.2.7", 2222, "root", "/keys/id_rsa", "/store/dev/known_hosts", "dev"};
}

Words with(std::vector<std::string> program, const Words& arguments) {
  program.insert(program.end(), arguments.begin(), arguments.end());
  return program;
}

std::string what_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(OpenSsh, ArgumentsOfSsh) {
  const Words arguments{"-t", "--", "ls -l"};
  EXPECT_EQ(
      join(ssh_arguments(plain_target(), arguments), "|"),
      "-F|/dev/null|-o|ConnectionAttempts=3|-o|ConnectTimeout=10|-o|ControlMaster=no|-o|ControlPath=none|"
      "-o|LogLevel=error|-o|PasswordAuthentication=no|-o|ServerAliveInterval=60|"
      "-o|StrictHostKeyChecking=accept-new|-o|UserKnownHostsFile=/store/dev/known_hosts|"
      "-o|GlobalKnownHostsFile=/dev/null|-o|HostKeyAlias=dev|root@192.0.2.7|"
      "-o|IdentitiesOnly=yes|-i|/keys/id_rsa|-p|2222|-t|--|ls -l");
}

TEST(OpenSsh, NoKeyNoKeyOptions) {
  auto target = plain_target();
  target.key_file.clear();
  const auto words = ssh_arguments(target, {});
  EXPECT_EQ(words[words.size() - 3], "root@192.0.2.7");
}

TEST(OpenSsh, PathsWithBlanksAndPercentSignsAreQuoted) {
  auto target = plain_target();
  target.known_hosts = "/my store/100%/known_hosts";
  const auto text = join(openssh_options(target), "|");
  EXPECT_NE(text.find("UserKnownHostsFile=\"/my store/100%%/known_hosts\""), std::string::npos) << text;
}

TEST(OpenSsh, WantsAFileForHostKeys) {
  auto target = plain_target();
  target.known_hosts.clear();
  EXPECT_NE(what_of([&] { openssh_options(target); }), "no error");
}

TEST(OpenSsh, OncePinnedNoOtherKeyIsAccepted) {
  const ScratchFolder folder;
  make_key(folder / "key", "ed25519");
  const auto words = split(trim(read_file(folder / "key.pub")), ' ');
  auto target = plain_target();
  target.known_hosts = folder / "known_hosts";
  pin_host_key(target.known_hosts, "dev", {words[0], words[1]});
  EXPECT_NE(join(openssh_options(target), "|").find("StrictHostKeyChecking=yes"), std::string::npos);
  target.host_alias = "prod";
  EXPECT_NE(join(openssh_options(target), "|").find("StrictHostKeyChecking=accept-new"), std::string::npos);
}

TEST(OpenSsh, ArgumentsOfScp) {
  const CopyLocation there{plain_target(), "/tmp/a b"};
  const CopyLocation here{{}, "-file"};
  const auto words = scp_arguments(here, there, {.recursive = true, .quiet = true}, "");
  EXPECT_FALSE(needs_ssh_config(here, there));
  EXPECT_EQ(join({words.begin() + 24, words.end()}, "|"),
            "-3|-r|-q|-o|Port=2222|-o|IdentitiesOnly=yes|-o|IdentityFile=/keys/id_rsa|./"
            "-file|root@192.0.2.7:/tmp/a b");
  auto v6 = there;
  v6.machine->host = "2001:db8::1";
  EXPECT_EQ(scp_arguments(v6, here, {}, "").end()[-2], "root@[2001:db8::1]:/tmp/a b");
  EXPECT_EQ(join(scp_arguments({{}, "a:b"}, {{}, "/c:d"}, {}, ""), "|"), "-F|/dev/null|-3|./a:b|/c:d");
}

TEST(OpenSsh, ScpBetweenTwoMachinesUsesAConfigOfBoth) {
  auto other = plain_target();
  other.host = "192.0.2.8", other.port = 22, other.key_file.clear(), other.host_alias = "prod";
  const CopyLocation source{plain_target(), "/a"}, destination{other, "/b"};
  ASSERT_TRUE(needs_ssh_config(source, destination));
  EXPECT_EQ(join(scp_arguments(source, destination, {}, "/tmp/config"), "|"),
            "-F|/tmp/config|-3|source:/a|destination:/b");
  const auto text = ssh_config(source, destination);
  EXPECT_TRUE(text.starts_with("Host source\n  HostName 192.0.2.7\n  Port 2222\n  User \"root\"\n")) << text;
  EXPECT_NE(text.find("\n  IdentityFile=/keys/id_rsa\nHost destination\n"), std::string::npos) << text;
}

TEST(OpenSsh, ArgumentsOfRsync) {
  const CopyLocation there{plain_target(), "/tmp/a"};
  const auto words = rsync_arguments({{}, "file"}, there, {.recursive = true});
  ASSERT_EQ(words.size(), 6U);
  EXPECT_EQ(words[0], "--progress");
  EXPECT_EQ(words[1], "-e");
  EXPECT_TRUE(words[2].starts_with("ssh -F /dev/null -o ConnectionAttempts=3 ")) << words[2];
  EXPECT_TRUE(words[2].ends_with(" -o Port=2222 -o IdentitiesOnly=yes -o IdentityFile=/keys/id_rsa"))
      << words[2];
  EXPECT_EQ(join({words.begin() + 3, words.end()}, "|"), "-r|file|root@192.0.2.7:/tmp/a");
  EXPECT_NE(what_of([&] { rsync_arguments(there, there, {}); }), "no error");
}

TEST(OpenSsh, KeyFilesAreChecked) {
  const ScratchFolder folder;
  const auto key = folder / "key";
  EXPECT_EQ(what_of([&] { check_key_file(key); }), "stat " + key + ": no such file or directory");
  write_file(key, "", 0600);
  EXPECT_EQ(what_of([&] { check_key_file(key); }), "no error");
  fs::permissions(key, fs::perms(0644));
  EXPECT_EQ(what_of([&] { check_key_file(key); }), "permissions 0644 for '" + key + "' are too open");
  fs::permissions(key, fs::perms(0200));
  EXPECT_EQ(what_of([&] { check_key_file(key); }), "'" + key + "' is not readable");
}

/// Two servers with different ports, host keys and user keys.
class OpenSshPrograms : public testing::Test {
 protected:
  OpenSshPrograms() {
    make_folders(files_);
    for (const auto* folder : {&first_folder_, &second_folder_}) {
      make_key(*folder / "host", "ed25519");
      make_key(*folder / "key 100%", "ed25519");
      write_file(*folder / "authorized_keys", read_file(*folder / "key 100%.pub"), private_file);
    }
    first_ = std::make_unique<Sshd>(first_folder_, Words{first_folder_ / "host"});
    second_ = std::make_unique<Sshd>(second_folder_, Words{second_folder_ / "host"});
  }
  SshTarget target(const ScratchFolder& folder, const Sshd& server) const {
    return {"127.0.0.1",
            server.port(),
            Sshd::user(),
            folder / "key 100%",
            (files_ / "known hosts 100%").string(),
            "M-" + std::to_string(server.port())};
  }
  SshTarget first() const { return target(first_folder_, *first_); }
  SshTarget second() const { return target(second_folder_, *second_); }

  ScratchFolder first_folder_, second_folder_;
  fs::path files_ = first_folder_.path() / "my files";
  std::unique_ptr<Sshd> first_, second_;
};

TEST_F(OpenSshPrograms, SshPinsWhatLibsshFinds) {
  const Words exit_7{"exit 7"};
  for (int i = 0; i < 2; ++i) {
    const auto result = run_here(with({"ssh"}, ssh_arguments(first(), exit_7)));
    EXPECT_EQ(result.status, 7) << result.error;
    EXPECT_EQ(result.error, "");
  }
  EXPECT_EQ(pinned_host_keys(first().known_hosts, first().host_alias).size(), 1U);
  WaitingTask test;
  Task task = test.task.within(std::chrono::seconds(20));
  const auto session = LibsshConnector(Environment()).connect(first(), task);
  EXPECT_EQ(session->run({.line = "echo in"}, task).output, "in\n");
  auto other = second();
  other.host_alias = first().host_alias;
  const auto refused = run_here(with({"ssh"}, ssh_arguments(other, exit_7)));
  EXPECT_EQ(refused.status, 255);
  EXPECT_NE(refused.error.find("HAS CHANGED"), std::string::npos) << refused.error;
}

TEST_F(OpenSshPrograms, ScpCopiesBetweenTwoMachines) {
  write_file(files_ / "from here", "content", private_file);
  const CopyLocation source{first(), (files_ / "from here").string()};
  const CopyLocation destination{second(), (files_ / "to there").string()};
  const auto config = first_folder_ / "config";
  write_file(config, ssh_config(source, destination), private_file);
  const auto result = run_here(with({"scp"}, scp_arguments(source, destination, {.quiet = true}, config)));
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(read_file(files_ / "to there"), "content");
  const auto back =
      run_here(with({"scp"}, scp_arguments(destination, {{}, (files_ / "back").string()}, {}, "")));
  EXPECT_EQ(back.status, 0) << back.error;
  EXPECT_EQ(read_file(files_ / "back"), "content");
}

}  // namespace
}  // namespace dm
