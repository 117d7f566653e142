// Booleans and whole numbers as Go spells them.
#include "cli/literals.h"

#include <algorithm>
#include <array>
#include <limits>

namespace dm {
namespace {

using Unsigned = unsigned long long;

constexpr NumberLiteral not_a_number{.value = std::nullopt, .fault = "parse error"};
constexpr NumberLiteral too_large{.value = std::nullopt, .fault = "value out of range"};

/// Takes the prefix off `digits` and gives the base that it stands for.
unsigned take_base(std::string_view& digits) {
  if (!digits.starts_with('0')) return 10;
  const char mark = digits.size() > 2 ? static_cast<char>(digits[1] | 0x20) : '\0';
  const unsigned base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
  digits.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  return base;
}

/// The value of one digit; 255 if it is none in any base.
unsigned digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
  const char small = static_cast<char>(letter | 0x20);
  return small >= 'a' && small <= 'z' ? static_cast<unsigned>(small - 'a') + 10 : 255;
}

}  // namespace

std::optional<bool> boolean_of(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "FALSE", "false", "False"};
  if (std::ranges::find(yes, text) != yes.end()) return true;
  if (std::ranges::find(no, text) != no.end()) return false;
  return std::nullopt;
}

NumberLiteral number_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return not_a_number;
  std::string_view digits = text;
  const unsigned base = take_base(digits);

  Unsigned number = 0;
  // A prefix counts as a digit before an underscore.
  bool after_digit = digits.size() < text.size();
  bool underscores_fit = true;
  for (const char letter : digits) {
    if (letter == '_') {
      underscores_fit = underscores_fit && after_digit;
      after_digit = false;
      continue;
    }
    const unsigned digit = digit_of(letter);
    if (digit >= base) return not_a_number;
    if (number > (std::numeric_limits<Unsigned>::max() - digit) / base) return too_large;
    number = number * base + digit;
    after_digit = true;
  }
  if (!underscores_fit || !after_digit) return not_a_number;

  constexpr Unsigned largest = std::numeric_limits<long long>::max();
  if (number > largest + (negative ? 1 : 0)) return too_large;
  return {.value = static_cast<long long>(negative ? 0 - number : number), .fault = {}};
}

}  // namespace dm
