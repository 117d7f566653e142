// Writes numbers with a fraction as Go does.
#include "text_template/float_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "base/strings.h"

namespace dm::text_template {

namespace {

// As many as the longest number has, written out.
constexpr std::size_t most_digits = 400;

std::string written(double number, std::chars_format format) {
  std::array<char, most_digits> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
  return {buffer.data(), end};
}

std::string written(double number, std::chars_format format, int precision) {
  std::string buffer(static_cast<std::size_t>(precision) + most_digits, '\0');
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format, precision).ptr;
  buffer.resize(static_cast<std::size_t>(end - buffer.data()));
  return buffer;
}

// Go's limits for the form with an exponent differ from to_chars' own.
std::string shortest(double number) {
  const std::string scientific = written(number, std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  constexpr int first_exponent = 6;
  return exponent < -4 || exponent >= first_exponent ? scientific : written(number, std::chars_format::fixed);
}

/// Mantissa and exponent as integers: 4503599627370496p-52.
std::string binary(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  constexpr int mantissa_size = 52;
  constexpr int bias = 1075;
  const auto exponent_bits = static_cast<int>((bits >> mantissa_size) & 0x7FF);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << mantissa_size) - 1);
  const std::uint64_t mantissa =
      exponent_bits == 0 ? fraction : fraction | (std::uint64_t{1} << mantissa_size);
  return fmt::format("{}{}p{:+d}", bits >> 63 != 0 ? "-" : "", mantissa, std::max(exponent_bits, 1) - bias);
}

std::string hexadecimal(double number, std::optional<int> precision) {
  std::string text = precision ? written(number, std::chars_format::hex, *precision)
                               : written(number, std::chars_format::hex);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  const std::size_t mark = text.find('p');
  int exponent = std::atoi(text.c_str() + mark + 1);
  text.resize(mark);
  // Rounded up to the next power of two.
  if (text[first] == '2') {
    text[first] = '1';
    ++exponent;
  }
  text.insert(first, "0x");
  return text + fmt::format("p{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
}

}  // namespace

std::string float_text(double number, char32_t verb, std::optional<int> precision) {
  switch (verb) {
    case 'b':
      return binary(number);
    case 'x':
      return hexadecimal(number, precision);
    case 'X':
      return upper(hexadecimal(number, precision));
    case 'f':
      return written(number, std::chars_format::fixed, precision.value_or(0));
    case 'e':
      return written(number, std::chars_format::scientific, precision.value_or(0));
    case 'E':
    case 'G':
      return upper(float_text(number, verb == 'E' ? U'e' : U'g', precision));
    default:
      return precision ? written(number, std::chars_format::general, *precision) : shortest(number);
  }
}

std::string with_point(std::string text, char32_t verb, std::optional<int> precision) {
  const bool is_hexadecimal = verb == 'x' || verb == 'X';
  const std::size_t end = std::min(text.find_first_of(is_hexadecimal ? "pP" : "eE"), text.size());
  const std::string tail = text.substr(end);
  text.resize(end);
  std::int64_t missing = verb == 'g' || verb == 'G' || verb == 'x' ? precision.value_or(6) : 0;
  bool counts = false;
  for (const char character : text) {
    if (character == '.' || character == '-') continue;
    // Digits count from the first that is not zero; Go takes the x of 0x for one.
    counts = counts || character != '0';
    if (counts) --missing;
  }
  if (!text.contains('.')) {
    if (text == "0" || text == "-0") --missing;
    text += '.';
  }
  return text.append(static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), '0') + tail;
}

}  // namespace dm::text_template
