// References to secrets.
#include "drivers/secret.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/strings.h"
#include "http/fake_http.h"
#include "ssh/fake_ssh.h"

namespace dm {
namespace {

class SecretTest : public ::testing::Test {
 protected:
  SecretTest() : home_(fs::temp_directory_path() / ("secret-test-" + random_hex(12))) { make_folders(home_); }
  ~SecretTest() override { fs::remove_all(home_); }

  std::string of(const std::string& setting) { return resolved_secret(setting, services_, task_); }

  const fs::path home_;
  FakeHttp http_;
  FakeTranscript transcript_;
  FakeSshConnector ssh_{transcript_};
  SystemProcessRunner processes_;
  SystemClock clock_;
  SilentLog log_;
  StopSignal stop_;
  const Environment environment_{{{"HOME", home_.string()}, {"TOKEN", "from-env"}}};
  const Services services_{http_, ssh_, processes_, clock_, environment_};
  Task task_{clock_, log_, stop_};
};

TEST_F(SecretTest, IsItselfUnlessItRefersToAnotherPlace) {
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("dop_v1_abc"), "dop_v1_abc");
  EXPECT_EQ(of("env:TOKEN"), "from-env");
  write_file(home_ / "token", "from-file\n", private_file);
  EXPECT_EQ(of("file:" + (home_ / "token").string()), "from-file");
  EXPECT_EQ(of("file:~/token"), "from-file");
  EXPECT_EQ(of("command:printf 'from\\nmore' | tr m M"), "froM");
}

TEST_F(SecretTest, RefusesAPlaceWithNothingInIt) {
  for (const char* nothing :
       {"env:MISSING", "file:/nowhere/token", "command:true", "command:echo secret; exit 3"}) {
    try {
      of(nothing);
      ADD_FAILURE() << nothing;
    } catch (const Error& error) {
      EXPECT_FALSE(std::string(error.what()).contains("from-env"));
    }
  }
}

}  // namespace
}  // namespace dm
