// Go's spellings of booleans and numbers.
#include "cli/literals.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace dm {
namespace {

TEST(Literals, BooleansHaveTwelveSpellings) {
  for (const auto* const text : {"1", "t", "T", "TRUE", "true", "True"})
    EXPECT_EQ(boolean_of(text), true) << text;
  for (const auto* const text : {"0", "f", "F", "FALSE", "false", "False"}) {
    EXPECT_EQ(boolean_of(text), false) << text;
  }
  for (const auto* const text : {"", "yes", "no", "tRUE", "2", " 1"})
    EXPECT_EQ(boolean_of(text), std::nullopt) << text;
}

TEST(Literals, NumbersSayTheirBase) {
  const std::vector<std::pair<std::string, long long>> numbers{
      {"0", 0},
      {"-0", 0},
      {"10", 10},
      {"+5", 5},
      {"-7", -7},
      {"0x10", 16},
      {"0XfF", 255},
      {"010", 8},
      {"0o17", 15},
      {"0O17", 15},
      {"0b101", 5},
      {"-0B11", -3},
      {"1_000", 1000},
      {"0x_1f", 31},
      {"0_7", 7},
      {"9223372036854775807", 9223372036854775807LL},
      {"-9223372036854775808", -9223372036854775807LL - 1},
      {"0x7fff_ffff_ffff_ffff", 9223372036854775807LL}};
  for (const auto& [text, number] : numbers) EXPECT_EQ(number_of(text).value, number) << text;
}

TEST(Literals, WhatIsNoNumberSaysWhy) {
  for (const auto* const text : {"",   "-",  "+",  "abc", "1.5", "1e3",  " 1",   "1 ", "08",  "0b2", "0o8",
                                 "0x", "0b", "xg", "_1",  "1_",  "1__0", "0x1_", "0_", "--1", "é"}) {
    EXPECT_EQ(number_of(text).value, std::nullopt) << text;
    EXPECT_EQ(number_of(text).fault, "parse error") << text;
  }
  for (const auto* const text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                                 "0xffffffffffffffff", "99999999999999999999x"}) {
    EXPECT_EQ(number_of(text).value, std::nullopt) << text;
    EXPECT_EQ(number_of(text).fault, "value out of range") << text;
  }
}

}  // namespace
}  // namespace dm
