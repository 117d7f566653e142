// Tags and names.
#include "drivers/digitalocean/marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace dm {
namespace {

constexpr const char* store = "0123456789abcdef";

TEST(DigitalOceanMarks, LeadBackToTheMachine) {
  for (const std::string name : {"web", "Web.Example-1.com", "A", "a.B", "9"}) {
    EXPECT_EQ(machine_of_tag(store, machine_tag(store, name)), name);
    EXPECT_EQ(machine_of_firewall(store, firewall_name(store, name)), name);
  }
}

TEST(DigitalOceanMarks, DifferByMoreThanCase) {
  EXPECT_NE(lower(machine_tag(store, "web")), lower(machine_tag(store, "Web")));
  EXPECT_EQ(machine_tag(store, "a.B"), "docker-machine:0123456789abcdef:a___b");
}

TEST(DigitalOceanMarks, AreMadeOfWhatTagsMayHave) {
  EXPECT_TRUE(std::ranges::all_of(machine_tag(store, "Web.Example-1") + store_tag(store), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || std::string_view(":-_").contains(letter);
  }));
}

TEST(DigitalOceanMarks, AreNotAnotherStores) {
  EXPECT_FALSE(machine_of_tag("fedcba9876543210", machine_tag(store, "web")));
  EXPECT_FALSE(machine_of_tag(store, store_tag(store)));
  EXPECT_FALSE(machine_of_tag(store, "production"));
  EXPECT_FALSE(machine_of_firewall(store, "docker-machine"));
  EXPECT_FALSE(machine_of_firewall("fedcba9876543210", firewall_name(store, "web")));
}

}  // namespace
}  // namespace dm
