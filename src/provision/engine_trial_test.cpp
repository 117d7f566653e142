// Which options may change while containers run, and which hide what is there.
#include "provision/engine_trial.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

using Flags = std::vector<std::string>;

std::string obstacle(const Flags& before, const Flags& after) {
  return obstacle_to_live_restore({.arbitrary_flags = before}, {.arbitrary_flags = after});
}

TEST(EngineTrial, LetsContainersRunOnWhereTheyDependOnNothingOfIt) {
  EXPECT_EQ(obstacle_to_live_restore({.labels = {"a=1"}}, {.environment = {"A=1"}, .registry_mirror = {"m"}}),
            "");
  EXPECT_EQ(obstacle({"dns=1", "bip=x", "dns=2"}, {"bip=x", "dns=3", "log-level=warn"}), "");
}

TEST(EngineTrial, KnowsWhatTheyMayDependOn) {
  EXPECT_TRUE(obstacle({"bip=x"}, {"bip=y"}).contains("its option \"bip\" changes"));
  EXPECT_TRUE(obstacle({"live-restore"}, {}).contains("live-restore"));
  EXPECT_TRUE(obstacle_to_live_restore({}, {.storage_driver = "vfs"}).contains("its storage driver changes"));
}

TEST(EngineTrial, KnowsWhatHidesImages) {
  const MachineFacts facts{.storage_driver = "overlay2"};
  EXPECT_EQ(option_that_hides({}, {.storage_driver = "overlay2"}, facts), "");
  EXPECT_EQ(option_that_hides({}, {.storage_driver = "vfs"}, facts), "storage-driver");
  EXPECT_EQ(option_that_hides({}, {.arbitrary_flags = {"data-root /x"}}, facts), "data-root");
  EXPECT_EQ(option_that_hides({}, {.arbitrary_flags = {"bip=x"}}, facts), "");
}

}  // namespace
}  // namespace dm
