// Lengths of time as Go writes them.
#include "text_template/duration.h"

#include <gtest/gtest.h>

namespace dm::text_template {

namespace {

using namespace std::chrono_literals;

TEST(Duration, IsWrittenAsInGo) {
  EXPECT_EQ(go_duration(0s), "0s");
  EXPECT_EQ(go_duration(1ns), "1ns");
  EXPECT_EQ(go_duration(1500ns), "1.5µs");
  EXPECT_EQ(go_duration(1ms), "1ms");
  EXPECT_EQ(go_duration(1050us), "1.05ms");
  EXPECT_EQ(go_duration(1500ms), "1.5s");
  EXPECT_EQ(go_duration(10s), "10s");
  EXPECT_EQ(go_duration(60s), "1m0s");
  EXPECT_EQ(go_duration(61001ms), "1m1.001s");
  EXPECT_EQ(go_duration(3h + 25min + 45s), "3h25m45s");
  EXPECT_EQ(go_duration(-2500ms), "-2.5s");
  EXPECT_EQ(go_duration(std::chrono::nanoseconds::min()), "-2562047h47m16.854775808s");
}

}  // namespace

}  // namespace dm::text_template
