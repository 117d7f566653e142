// Reserved addresses, in a folder of the test's own.
#include "drivers/qemu/loopback.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>

#include "base/strings.h"

namespace dm {
namespace {

class Loopback : public testing::Test {
 protected:
  Loopback() {
    make_folders(root_ / "a");
    make_folders(root_ / "b");
  }
  ~Loopback() override { dm::remove_all(root_); }

  LoopbackAddresses addresses(std::deque<std::string> candidates = {}) {
    candidates_ = std::move(candidates);
    return LoopbackAddresses(root_ / "addresses", [this] {
      std::string next = candidates_.empty() ? "127.9.9.9" : candidates_.front();
      if (!candidates_.empty()) candidates_.pop_front();
      return next;
    });
  }
  static bool any(const std::string&) { return true; }

  fs::path root_ = fs::temp_directory_path() / ("loopback_test-" + random_hex(8));
  std::deque<std::string> candidates_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
};

TEST_F(Loopback, GivesAnAddressOnce) {
  const auto all = addresses({"127.1.0.1", "127.1.0.1", "127.1.0.2"});
  EXPECT_EQ(all.reserve(root_ / "a", any, task_), "127.1.0.1");
  EXPECT_EQ(all.reserve(root_ / "b", any, task_), "127.1.0.2");
}

TEST_F(Loopback, PassesOverWhatIsInUse) {
  const auto all = addresses({"127.1.0.1", "127.1.0.2"});
  EXPECT_EQ(all.reserve(
                root_ / "a", [](auto& address) { return address != "127.1.0.1"; }, task_),
            "127.1.0.2");
  EXPECT_THROW(addresses().reserve(
                   root_ / "a", [](auto&) { return false; }, task_),
               Error);
}

TEST_F(Loopback, TakesBackTheAddressesOfAMachineThatIsGone) {
  const auto all = addresses({"127.1.0.1", "127.1.0.1"});
  all.reserve(root_ / "a", any, task_);
  dm::remove_all(root_ / "a");
  EXPECT_EQ(all.reserve(root_ / "b", any, task_), "127.1.0.1");
}

TEST_F(Loopback, ReleasesOnlyTheMachinesOwn) {
  const auto all = addresses({"127.1.0.1", "127.1.0.2"});
  all.reserve(root_ / "a", any, task_);
  all.reserve(root_ / "b", any, task_);
  all.release(root_ / "a", task_);
  EXPECT_FALSE(fs::exists(root_ / "addresses/127.1.0.1"));
  EXPECT_TRUE(fs::exists(root_ / "addresses/127.1.0.2"));
}

TEST_F(Loopback, KeepsAMachinesAddressForIt) {
  const auto all = addresses({"127.1.0.1"});
  all.reserve(root_ / "a", any, task_);
  EXPECT_TRUE(all.reserve_again("127.1.0.1", root_ / "a", task_));
  EXPECT_FALSE(all.reserve_again("127.1.0.1", root_ / "b", task_));
  EXPECT_TRUE(all.reserve_again("127.1.0.7", root_ / "b", task_));
}

TEST_F(Loopback, RespectsReservationsThatItCannotRead) {
  make_folders(root_ / "addresses");
  write_file(root_ / "addresses/127.1.0.1", "", 0644);
  EXPECT_EQ(addresses({"127.1.0.1", "127.1.0.2"}).reserve(root_ / "a", any, task_), "127.1.0.2");
}

TEST_F(Loopback, MakesAFolderForAllUsers) {
  addresses({"127.1.0.1"}).reserve(root_ / "a", any, task_);
  struct stat status {};
  ASSERT_EQ(stat((root_ / "addresses").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 01777U);
}

TEST_F(Loopback, RefusesAFolderInWhichOthersCouldMeddle) {
  const fs::path folder = root_ / "addresses";
  const auto refusal = [&] {
    try {
      addresses({"127.1.0.1"}).reserve(root_ / "a", any, task_);
      return std::string();
    } catch (const Error& error) {
      EXPECT_NO_THROW(addresses().release(root_ / "a", task_));
      return std::string(error.what());
    }
  };
  make_folders(root_ / "elsewhere");
  fs::create_symlink(root_ / "elsewhere", folder);
  EXPECT_TRUE(refusal().contains(folder.string() + "\" is none")) << refusal();
  EXPECT_TRUE(fs::is_empty(root_ / "elsewhere"));
  fs::remove(folder);
  make_folders(folder);
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  EXPECT_TRUE(refusal().contains("chmod 1777")) << refusal();
  ASSERT_EQ(chmod(folder.c_str(), 01777), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(folder.c_str(), 12345, 0), 0);
    EXPECT_EQ(refusal(), "") << "any user may have been the first";
    ASSERT_EQ(chown(folder.c_str(), 0, 0), 0);
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(Loopback, SaysWhatHoldsItUp) {
  const auto all = addresses({"127.1.0.1"});
  all.reserve(root_ / "a", any, task_);
  const FileLock held = FileLock::acquire(root_ / fmt::format("addresses/.lock-{}", geteuid()), task_);
  try {
    all.reserve(root_ / "b", any, task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::timed_out);
    EXPECT_TRUE(std::string(error.what()).starts_with("another docker-machine")) << error.what();
  }
}

TEST(RandomLoopbackAddress, StaysOutOfTheFirstNetwork) {
  for (int i = 0; i < 1000; ++i) {
    const auto parts = split(random_loopback_address(), '.');
    ASSERT_EQ(parts.size(), 4U);
    EXPECT_EQ(parts[0], "127");
    EXPECT_GE(number_or_minus_one(parts[1]), 1);
    EXPECT_LE(number_or_minus_one(parts[1]), 254);
    EXPECT_GE(number_or_minus_one(parts[3]), 1);
    EXPECT_LE(number_or_minus_one(parts[3]), 254);
  }
}

}  // namespace
}  // namespace dm
