// The grammar of the command line.
#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace dm {
namespace {

using Words = std::vector<std::string>;

const std::vector<Flag> flags{
    {.name = "quiet", .kind = FlagKind::boolean, .variable = "TEST_QUIET", .aliases = {"q"}},
    {.name = "timeout",
     .kind = FlagKind::number,
     .variable = "TEST_TIMEOUT",
     .otherwise = 10LL,
     .aliases = {"t"}},
    {.name = "driver", .variable = "TEST_DRIVER", .otherwise = std::string("qemu"), .aliases = {"d"}},
    {.name = "label", .kind = FlagKind::list, .variable = "TEST_LABEL,TEST_OTHER_LABEL"},
    {.name = "secret", .hidden = true},
};

Arguments parse(const Words& words, const std::map<std::string, std::string>& variables = {}) {
  return parse_arguments(words, flags, Environment(variables));
}

GlobalLine global(const Words& words) { return parse_global(words, flags, Environment()); }

/// The message of the usage error that parsing ends in.
std::string fault(const Words& words) {
  try {
    parse(words);
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::usage);
    return error.what();
  }
  return "no error";
}

TEST(Arguments, EveryFlagHasAValue) {
  const auto arguments = parse({});
  EXPECT_FALSE(arguments.flags.boolean("quiet"));
  EXPECT_EQ(arguments.flags.number("timeout"), 10);
  EXPECT_EQ(arguments.flags.text("driver"), "qemu");
  EXPECT_EQ(arguments.flags.list("label"), Words{});
  EXPECT_EQ(arguments.flags.text("secret"), "");
  for (const auto& flag : flags) EXPECT_FALSE(arguments.flags.given(flag.name)) << flag.name;
  EXPECT_FALSE(arguments.help);
  EXPECT_TRUE(arguments.words.empty());
}

TEST(Arguments, OneDashOrTwo) {
  for (const auto* const word : {"-quiet", "--quiet", "-q", "--q", "-q=true", "--quiet=1", "--quiet=T"}) {
    const auto arguments = parse({word});
    EXPECT_TRUE(arguments.flags.boolean("quiet")) << word;
    EXPECT_TRUE(arguments.flags.given("quiet")) << word;
  }
  EXPECT_EQ(parse({"-driver", "x"}).flags.text("driver"), "x");
  EXPECT_EQ(parse({"--d=x=y"}).flags.text("driver"), "x=y");
  EXPECT_EQ(parse({"--timeout=0x10"}).flags.number("timeout"), 16);
  EXPECT_EQ(parse({"-secret", "s"}).flags.text("secret"), "s");
}

TEST(Arguments, BooleansNeverTakeTheNextWord) {
  const auto arguments = parse({"-q", "false"});
  EXPECT_TRUE(arguments.flags.boolean("quiet"));
  EXPECT_EQ(arguments.words, Words{"false"});
  EXPECT_FALSE(parse({"--quiet=false"}).flags.boolean("quiet"));
}

TEST(Arguments, AnEmptyTextIsAValue) {
  const auto arguments = parse({"--driver="});
  EXPECT_EQ(arguments.flags.text("driver"), "");
  EXPECT_TRUE(arguments.flags.given("driver"));
  EXPECT_EQ(parse({"--driver", ""}).flags.text("driver"), "");
}

TEST(Arguments, WhateverFollowsAFlagIsItsValue) {
  EXPECT_EQ(parse({"-d", "-q"}).flags.text("driver"), "-q");
  EXPECT_EQ(parse({"-d", "--"}).flags.text("driver"), "--");
  EXPECT_EQ(parse({"-t", "-5"}).flags.number("timeout"), -5);
}

TEST(Arguments, FlagsStandAnywhereAndWordsKeepTheirOrder) {
  const auto copy = parse({"/x", "-q", "web:/y"});
  EXPECT_EQ(copy.words, (Words{"/x", "web:/y"}));
  EXPECT_TRUE(copy.flags.boolean("quiet"));
  EXPECT_EQ(parse({"a", "-q", "b", "-t", "3", "c"}).words, (Words{"a", "b", "c"}));
  EXPECT_EQ(parse({"a", "-", "", "-q"}).words, (Words{"a", "-", ""}));
}

TEST(Arguments, TwoDashesEndTheFlagsAndAreDropped) {
  const auto arguments = parse({"a", "-q", "--", "-f", "--", "-t"});
  EXPECT_EQ(arguments.words, (Words{"a", "-f", "--", "-t"}));
  EXPECT_TRUE(arguments.flags.boolean("quiet"));
}

TEST(Arguments, TheLastValueWinsAndListsCollect) {
  EXPECT_EQ(parse({"-t", "1", "--t", "2"}).flags.number("timeout"), 2);
  EXPECT_EQ(parse({"--label", "a,b", "--label=c", "-label", ""}).flags.list("label"),
            (Words{"a,b", "c", ""}));
}

TEST(Arguments, MistakesAreToldInGosWords) {
  EXPECT_EQ(fault({"--nosuch"}), "flag provided but not defined: -nosuch");
  EXPECT_EQ(fault({"-nosuch=x"}), "flag provided but not defined: -nosuch");
  EXPECT_EQ(fault({"-qt", "3"}), "flag provided but not defined: -qt");
  EXPECT_EQ(fault({"a", "--label"}), "flag needs an argument: -label");
  EXPECT_EQ(fault({"--timeout", "abc"}), "invalid value \"abc\" for flag -timeout: parse error");
  EXPECT_EQ(fault({"-t="}), "invalid value \"\" for flag -t: parse error");
  EXPECT_EQ(fault({"-t=9223372036854775808"}),
            "invalid value \"9223372036854775808\" for flag -t: value out of range");
  EXPECT_EQ(fault({"-q=foo"}), "invalid boolean value \"foo\" for -q: parse error");
  EXPECT_EQ(fault({"---x"}), "bad flag syntax: ---x");
  EXPECT_EQ(fault({"-=x"}), "bad flag syntax: -=x");
  EXPECT_EQ(fault({"-t", "3", "--timeout", "4"}), "Cannot use two forms of the same flag: t timeout");
  EXPECT_EQ(fault({"--driver=none", "-d", "none"}), "Cannot use two forms of the same flag: d driver");
}

TEST(Arguments, VariablesGiveValues) {
  const auto arguments = parse(
      {},
      {{"TEST_QUIET", "T"}, {"TEST_TIMEOUT", "0b11"}, {"TEST_DRIVER", " none "}, {"TEST_LABEL", "a, b ,,c"}});
  EXPECT_TRUE(arguments.flags.boolean("quiet"));
  EXPECT_EQ(arguments.flags.number("timeout"), 3);
  EXPECT_EQ(arguments.flags.text("driver"), " none ");
  EXPECT_EQ(arguments.flags.list("label"), (Words{"a", "b", "", "c"}));
  for (const auto* const name : {"quiet", "timeout", "driver", "label"})
    EXPECT_TRUE(arguments.flags.given(name));
  EXPECT_FALSE(arguments.flags.given("secret"));
  EXPECT_EQ(parse({}, {{"TEST_LABEL", ""}, {"TEST_OTHER_LABEL", "x"}}).flags.list("label"), Words{"x"});
}

TEST(Arguments, UselessVariablesAreIgnored) {
  const auto arguments = parse({}, {{"TEST_QUIET", "yes"}, {"TEST_TIMEOUT", "ten"}, {"TEST_DRIVER", ""}});
  EXPECT_FALSE(arguments.flags.boolean("quiet"));
  EXPECT_EQ(arguments.flags.number("timeout"), 10);
  EXPECT_EQ(arguments.flags.text("driver"), "qemu");
  for (const auto& flag : flags) EXPECT_FALSE(arguments.flags.given(flag.name)) << flag.name;
}

TEST(Arguments, TheCommandLineWinsOverVariables) {
  const auto arguments =
      parse({"-q=0", "-t", "1", "-d", "x", "--label", "mine"},
            {{"TEST_QUIET", "1"}, {"TEST_TIMEOUT", "2"}, {"TEST_DRIVER", "y"}, {"TEST_LABEL", "z"}});
  EXPECT_FALSE(arguments.flags.boolean("quiet"));
  EXPECT_EQ(arguments.flags.number("timeout"), 1);
  EXPECT_EQ(arguments.flags.text("driver"), "x");
  EXPECT_EQ(arguments.flags.list("label"), Words{"mine"});
}

TEST(Arguments, HelpIsAlwaysUnderstood) {
  for (const auto* const word : {"-h", "--h", "-help", "--help", "--help=true"}) {
    EXPECT_TRUE(parse({"name", word}).help) << word;
  }
  EXPECT_FALSE(parse({"--help=false"}).help);
  EXPECT_FALSE(parse({"--", "-h"}).help);
  EXPECT_EQ(fault({"--help=x"}), "invalid boolean value \"x\" for -help: parse error");

  const std::vector<Flag> own{{.name = "host", .aliases = {"h"}}};
  const auto arguments = parse_arguments(Words{"-h", "x"}, own, Environment());
  EXPECT_EQ(arguments.flags.text("host"), "x");
  EXPECT_FALSE(arguments.help);
  EXPECT_TRUE(parse_arguments(Words{"--help"}, own, Environment()).help);
}

TEST(Arguments, TheGlobalLineEndsAtTheCommand) {
  const auto line = global({"-q", "-d", "none", "ls", "-t", "3", "--", "x"});
  EXPECT_TRUE(line.global.flags.boolean("quiet"));
  EXPECT_EQ(line.global.flags.text("driver"), "none");
  EXPECT_EQ(line.global.flags.number("timeout"), 10);
  EXPECT_EQ(line.command, "ls");
  EXPECT_EQ(line.rest, (Words{"-t", "3", "--", "x"}));

  const auto dashes = global({"--", "ls", "-q"});
  EXPECT_FALSE(dashes.global.flags.boolean("quiet"));
  EXPECT_EQ(dashes.command, "ls");
  EXPECT_EQ(dashes.rest, Words{"-q"});

  EXPECT_EQ(global({"--", "-q"}).command, "-q");
  EXPECT_EQ(global({"-", "-q"}).command, "-");
  EXPECT_EQ(global({}).command, "");
  EXPECT_EQ(global({"-q", "--"}).command, "");
  EXPECT_TRUE(global({"--help", "ls"}).global.help);
  EXPECT_FALSE(global({"ls", "--help"}).global.help);
  EXPECT_THROW(global({"--nosuch", "ls"}), Error);
  EXPECT_THROW(global({"-d", "a", "--driver", "b", "ls"}), Error);
}

}  // namespace
}  // namespace dm
