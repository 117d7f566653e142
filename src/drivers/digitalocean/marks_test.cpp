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
    EXPECT_EQ(machine_of_tag(store, machine_mark(store, name)), name);
    for (const std::string id : {"", "00000000000000aa"}) {
      EXPECT_EQ(machine_of_tag(store, machine_tag(store, name, id)), name);
      EXPECT_EQ(machine_of_firewall(store, firewall_name(store, name, id)), name);
    }
  }
}

TEST(DigitalOceanMarks, DifferByMoreThanCase) {
  EXPECT_NE(lower(machine_mark(store, "web")), lower(machine_mark(store, "Web")));
  EXPECT_EQ(machine_mark(store, "a.B"), "docker-machine:0123456789abcdef:a___b");
}

TEST(DigitalOceanMarks, DifferForMachinesOfOneName) {
  EXPECT_NE(machine_tag(store, "web", "00000000000000aa"), machine_tag(store, "web", "00000000000000bb"));
  EXPECT_NE(firewall_name(store, "web", "00000000000000aa"), firewall_name(store, "web", "00000000000000bb"));
}

TEST(DigitalOceanMarks, AreMadeOfWhatTagsMayHave) {
  EXPECT_TRUE(std::ranges::all_of(machine_tag(store, "Web.Example-1", "00000000000000aa") + store_tag(store),
                                  [](char letter) {
                                    return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                                           std::string_view(":-_").contains(letter);
                                  }));
}

TEST(DigitalOceanMarks, AreNotAnotherStores) {
  EXPECT_FALSE(machine_of_tag("fedcba9876543210", machine_mark(store, "web")));
  EXPECT_FALSE(machine_of_tag(store, store_tag(store)));
  EXPECT_FALSE(machine_of_tag(store, "production"));
  EXPECT_FALSE(machine_of_firewall(store, "docker-machine"));
  EXPECT_FALSE(machine_of_firewall("fedcba9876543210", firewall_name(store, "web", "")));
}

}  // namespace
}  // namespace dm
