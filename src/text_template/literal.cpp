// Reads numbers, characters and strings as they are written in Go.
#include "text_template/literal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "text_template/quote.h"

namespace dm::text_template {

namespace {

struct Digits {
  std::string text;  // without sign, prefix and underscores
  int base;
  bool negative;
};

bool is_hex_digit(char character) { return std::string_view("0123456789abcdefABCDEF").contains(character); }

// An underscore stands between two digits, or between a prefix and a digit.
bool underscores_are_good(std::string_view digits, int base, bool has_prefix) {
  bool digit_before = has_prefix;
  for (std::size_t index = 0; index < digits.size(); ++index) {
    const bool is_digit =
        base == 16 ? is_hex_digit(digits[index]) : digits[index] >= '0' && digits[index] <= '9';
    if (digits[index] == '_') {
      const bool digit_after = index + 1 < digits.size() && is_hex_digit(digits[index + 1]);
      if (!digit_before || !digit_after) return false;
    }
    digit_before = is_digit;
  }
  return true;
}

std::optional<Digits> read_digits(std::string_view source) {
  Digits result{.text = {}, .base = 10, .negative = source.starts_with('-')};
  if (source.starts_with('-') || source.starts_with('+')) source.remove_prefix(1);
  bool has_prefix = false;
  if (source.size() > 1 && source[0] == '0') {
    const char letter = static_cast<char>(source[1] | 0x20);
    result.base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    has_prefix = result.base != 10;
    if (has_prefix) source.remove_prefix(2);
  }
  if (!underscores_are_good(source, result.base, has_prefix)) return std::nullopt;
  result.text = source;
  std::erase(result.text, '_');
  return result;
}

template <typename Number, typename Format>
std::optional<Number> read_all(std::string_view text, Format format) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, format);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> read_integer(const Digits& digits) {
  const bool is_old_octal = digits.base == 10 && digits.text.size() > 1 && digits.text[0] == '0';
  return read_all<std::uint64_t>(digits.text, is_old_octal ? 8 : digits.base);
}

std::optional<double> read_float(const Digits& digits) {
  if (digits.text.starts_with('-') || digits.text.starts_with('+')) return std::nullopt;
  if (digits.base == 10) return read_all<double>(digits.text, std::chars_format::general);
  if (digits.base != 16 || digits.text.find_first_of("pP") == std::string::npos) return std::nullopt;
  return read_all<double>(digits.text, std::chars_format::hex);
}

struct Character {
  char32_t value;
  bool is_byte;
  std::size_t end;
};

std::optional<Character> read_digits_escape(std::string_view text, std::size_t position, std::size_t count,
                                            int base, bool is_byte) {
  if (position + count > text.size()) return std::nullopt;
  const auto value = read_all<std::uint32_t>(text.substr(position, count), base);
  constexpr std::uint32_t last_character = 0x10FFFF;
  if (!value || *value > (is_byte ? 0xFF : last_character)) return std::nullopt;
  if (!is_byte && *value >= 0xD800 && *value <= 0xDFFF) return std::nullopt;
  return Character{*value, is_byte, position + count};
}

std::optional<Character> read_escape(std::string_view text, std::size_t position, char quote) {
  const char letter = text[position];
  constexpr std::string_view letters = "abfnrtv\\";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\";
  if (const std::size_t index = letters.find(letter); index != std::string_view::npos) {
    return Character{static_cast<char32_t>(meanings[index]), true, position + 1};
  }
  if (letter == 'x') return read_digits_escape(text, position + 1, 2, 16, true);
  if (letter == 'u') return read_digits_escape(text, position + 1, 4, 16, false);
  if (letter == 'U') return read_digits_escape(text, position + 1, 8, 16, false);
  if (letter >= '0' && letter <= '7') return read_digits_escape(text, position, 3, 8, true);
  if (letter == quote) return Character{static_cast<char32_t>(quote), true, position + 1};
  return std::nullopt;
}

std::optional<Character> read_character(std::string_view text, std::size_t position, char quote) {
  if (position >= text.size() || text[position] == quote) return std::nullopt;
  if (text[position] != '\\') {
    const CodePoint character = decode_utf8(text, position);
    const bool is_byte = character.width == 1;
    const char32_t value = is_byte ? static_cast<unsigned char>(text[position]) : character.value;
    return Character{value, is_byte, position + character.width};
  }
  if (position + 1 >= text.size()) return std::nullopt;
  return read_escape(text, position + 1, quote);
}

[[noreturn]] void fail(const std::string& message) { throw Error(message); }

/// A real and an imaginary part: 1+2i.
Value parse_pair(std::string_view real, std::string_view imaginary) {
  const auto part = [](std::string_view source) {
    const std::optional<Digits> digits = read_digits(source);
    const std::optional<double> number = digits ? read_float(*digits) : std::nullopt;
    if (!number) fail("strconv.ParseFloat: parsing " + quote(source) + ": invalid syntax");
    return digits->negative ? -*number : *number;
  };
  if (real.ends_with('i')) fail("syntax error scanning complex number");
  return std::complex<double>(part(real), part(imaginary));
}

/// Where the second number of a pair begins, with its sign; npos if there is one number only.
std::size_t find_second_number(std::string_view source) {
  for (std::size_t index = 1; index < source.size(); ++index) {
    const bool is_sign = source[index] == '+' || source[index] == '-';
    if (is_sign && !std::string_view("eEpP").contains(source[index - 1])) return index;
  }
  return std::string_view::npos;
}

}  // namespace

Value parse_number(std::string_view source) {
  if (const std::size_t second = find_second_number(source); second != std::string_view::npos) {
    return parse_pair(source.substr(0, second), source.substr(second, source.size() - second - 1));
  }
  if (source.ends_with('i')) {
    const std::optional<Digits> digits = read_digits(source.substr(0, source.size() - 1));
    const std::optional<double> number = digits ? read_float(*digits) : std::nullopt;
    if (number) return std::complex<double>(0, digits->negative ? -*number : *number);
  }
  const std::optional<Digits> digits = read_digits(source);
  if (digits) {
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const std::optional<std::uint64_t> integer = read_integer(*digits);
    if (integer && *integer <= largest + (digits->negative ? 1 : 0)) {
      return static_cast<std::int64_t>(digits->negative ? 0 - *integer : *integer);
    }
    const bool has_sign = source.starts_with('-') || source.starts_with('+');
    if (integer && !has_sign) return {};
    if (const std::optional<double> number = read_float(*digits)) {
      if (source.find_first_of(".eEpP") == std::string_view::npos) {
        fail("integer overflow: " + quote(source));
      }
      return digits->negative ? -*number : *number;
    }
  }
  fail("illegal number syntax: " + quote(source));
}

Value parse_character(std::string_view source) {
  const std::optional<Character> character = read_character(source, 1, '\'');
  if (!character) fail("invalid syntax");
  if (character->end + 1 != source.size()) {
    fail("malformed character constant: " + std::string(source));
  }
  return static_cast<std::int64_t>(character->value);
}

std::string unquote(std::string_view source) {
  const char quote = source.front();
  source = source.substr(1, source.size() - 2);
  std::string result;
  if (quote == '`') {
    result = source;
    std::erase(result, '\r');
    return result;
  }
  for (std::size_t position = 0; position < source.size();) {
    const std::optional<Character> character = read_character(source, position, quote);
    if (!character) fail("invalid syntax");
    if (character->is_byte) {
      result += static_cast<char>(character->value);
    } else {
      result += encode_utf8(character->value);
    }
    position = character->end;
  }
  return result;
}

}  // namespace dm::text_template
