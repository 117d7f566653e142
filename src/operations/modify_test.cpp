// What a modification comes to, on values alone.
#include "operations/modify.h"

#include "operations/operations_test.h"

namespace dm {
namespace {

using Texts = std::vector<std::string>;

LivingSetting list(const std::string& flag, const Texts& value, const std::string& key_ends = "") {
  return {.flag = {.name = flag, .kind = FlagKind::list, .help = {}, .variable = {}},
          .value = value,
          .change = Change::engine,
          .key_ends = key_ends};
}

class ModifyTest : public OperationsFixture {
 protected:
  /// A list after entries were given and keys taken away.
  static Texts after(const LivingSetting& setting, const Texts& wanted, const Texts& unwanted = {}) {
    Modification modification;
    if (!wanted.empty()) modification.wanted[setting.flag.name] = wanted;
    if (!unwanted.empty()) modification.unwanted[setting.flag.name] = unwanted;
    const auto changes = changes_in({setting}, modification, "web");
    return std::get<Texts>(changes.empty() ? setting.value : changes.front().after);
  }
};

TEST_F(ModifyTest, EntriesTakeThePlaceOfThoseWithTheirKey) {
  const auto labels = list("engine-label", {"a=1", "b=2"}, "=");
  EXPECT_EQ(after(labels, {"c=3", "a=4"}), (Texts{"a=4", "b=2", "c=3"}));
  EXPECT_EQ(after(labels, {"a=1"}), (Texts{"a=1", "b=2"}));
  EXPECT_EQ(after(labels, {}, {"a", "nobody"}), (Texts{"b=2"}));
  EXPECT_TRUE(message([&] { after(labels, {"a=4"}, {"a"}); }).contains("are both given for \"a\""));
}

TEST_F(ModifyTest, EntriesOfOneKeyAreReplacedTogether) {
  const auto options = list("engine-opt", {"dns=1", "bip=x", "dns=2", "debug"}, "= ");
  EXPECT_EQ(after(options, {"dns=3"}), (Texts{"dns=3", "bip=x", "debug"}));
  EXPECT_EQ(after(options, {"dns 4", "dns=5"}), (Texts{"dns 4", "dns=5", "bip=x", "debug"}));
  EXPECT_EQ(after(options, {}, {"dns", "debug"}), Texts{"bip=x"});
}

TEST_F(ModifyTest, AnEntryWithoutAKeyIsItsOwn) {
  const auto mirrors = list("engine-registry-mirror", {"http://a?x=1"});
  EXPECT_EQ(after(mirrors, {"http://a?x=2"}), (Texts{"http://a?x=1", "http://a?x=2"}));
  EXPECT_EQ(after(mirrors, {}, {"http://a?x=1"}), Texts{});
}

TEST_F(ModifyTest, WhatIsFixedSaysWhatItIs) {
  const LivingSetting region{.flag = {.name = "region", .help = {}, .variable = {}},
                             .value = std::string("nyc3")};
  EXPECT_TRUE(changes_in({region}, {.wanted = {{"region", std::string("nyc3")}}}, "web").empty());
  EXPECT_EQ(
      message([&] {
        changes_in({region}, {.wanted = {{"region", std::string("fra1")}}}, "web");
      }),
      "--region cannot change on a machine that exists: \"nyc3\" is what \"web\" has. It was decided when "
      "the machine was made: only another machine can have another one");
}

TEST_F(ModifyTest, AWrongLoginIsNotKept) {
  store_.add({.name = "web",
              .driver_name = "generic",
              .driver = {{"IPAddress", "192.0.2.1"}, {"MachineName", "web"}, {"StorePath", store_.path()}},
              .auth = store_.default_auth("web")},
             {});
  const auto before = store_.raw_config("web");
  for (int i = 0; i < 2; ++i) ssh_.fail_next(Error("no route to host", Reason::unreachable));
  Modification moved;
  moved.wanted["generic-ip-address"] = std::string("192.0.2.2");
  EXPECT_EQ(message([&] { modify_machine(runtime_, "web", moved, task_); }),
            "Nothing was changed, since SSH does not work with that: no route to host");
  EXPECT_EQ(ssh_.targets().at(0).host, "192.0.2.2");
  EXPECT_EQ(ssh_.targets().at(0).host_alias, "web");
  EXPECT_EQ(store_.raw_config("web"), before);
}

}  // namespace
}  // namespace dm
