// Key pairs, judged by OpenSSH's own ssh-keygen (the one program that these tests start).
#include "keys/key_pair.h"

#include <gtest/gtest.h>

#include "base/process.h"
#include "base/strings.h"

namespace dm {
namespace {

struct KeyPairTest : testing::Test {
  SystemClock clock;
  SilentLog log;
  StopSignal stop;
  Task task = Task(clock, log, stop).within(std::chrono::seconds(30));
  SystemProcessRunner processes;
  fs::path folder;

  void SetUp() override {
    folder = fs::temp_directory_path() / ("dm-keys-" + random_hex(12));
    make_folders(folder);
  }
  void TearDown() override { dm::remove_all(folder); }

  /// What ssh-keygen prints when asked with `option` about a file of this content.
  std::string keygen(const std::string& option, const std::string& name, const std::string& content) {
    const auto path = folder / name;
    write_file(path, content, private_file);
    const auto result = processes.run({.arguments = {"ssh-keygen", option, "-f", path.string()}}, task);
    EXPECT_TRUE(result.ok()) << result.error;
    return std::string(trim(result.output));
  }
};

TEST_F(KeyPairTest, an_rsa_key_is_pkcs1_and_its_line_is_what_ssh_keygen_derives) {
  const auto pair = make_rsa_key();
  EXPECT_TRUE(pair.private_pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
  EXPECT_TRUE(pair.private_pem.ends_with("-----END RSA PRIVATE KEY-----\n"));
  EXPECT_EQ(keygen("-y", "key", pair.private_pem), pair.public_ssh_line);
  const auto fingerprint = keygen("-l", "key.pub", pair.public_ssh_line + "\n");
  EXPECT_TRUE(fingerprint.starts_with("2048 SHA256:")) << fingerprint;
  EXPECT_TRUE(fingerprint.ends_with("(RSA)")) << fingerprint;
}

TEST_F(KeyPairTest, an_ecdsa_key_has_its_own_block_and_its_line_is_what_ssh_keygen_derives) {
  const auto pair = make_ecdsa_key();
  EXPECT_TRUE(pair.private_pem.starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
  EXPECT_EQ(keygen("-y", "key", pair.private_pem), pair.public_ssh_line);
  const auto fingerprint = keygen("-l", "key.pub", pair.public_ssh_line + "\n");
  EXPECT_TRUE(fingerprint.starts_with("256 SHA256:")) << fingerprint;
  EXPECT_TRUE(fingerprint.ends_with("(ECDSA)")) << fingerprint;
}

TEST_F(KeyPairTest, has_the_fingerprint_that_providers_write) {
  for (const auto& pair : {make_rsa_key(), make_ecdsa_key()}) {
    const std::string line = pair.public_ssh_line + " a comment\n";
    write_file(folder / "key.pub", line, private_file);
    const auto told = processes.run(
        {.arguments = {"ssh-keygen", "-l", "-E", "md5", "-f", (folder / "key.pub").string()}}, task);
    EXPECT_TRUE(told.output.contains(" MD5:" + md5_fingerprint(line) + " ")) << told.output;
  }
  EXPECT_THROW(md5_fingerprint("hello"), Error);
  EXPECT_THROW(md5_fingerprint("ssh-rsa ???"), Error);
}

TEST_F(KeyPairTest, no_two_keys_are_the_same) {
  EXPECT_NE(make_ecdsa_key().public_ssh_line, make_ecdsa_key().public_ssh_line);
}

}  // namespace
}  // namespace dm
