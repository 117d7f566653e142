// The characters of UTF-8 text.
#include "base/utf8.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace dm {

namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr char32_t last_character = 0x10FFFF;

bool is_surrogate(char32_t character) { return character >= 0xD800 && character <= 0xDFFF; }

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t size>
bool contains(const std::array<Range, size>& ranges, char32_t character) {
  return std::ranges::any_of(
      ranges, [=](Range range) { return character >= range.first && character <= range.last; });
}

// Blocks without letters: Latin-1 symbols, general punctuation to arrows and boxes, CJK
// punctuation, private use, variation selectors, specials, emoji.
constexpr std::array<Range, 12> symbols{{{0x80, 0xA9},
                                         {0xAB, 0xB4},
                                         {0xB6, 0xB9},
                                         {0xBB, 0xBF},
                                         {0xD7, 0xD7},
                                         {0xF7, 0xF7},
                                         {0x2000, 0x206F},
                                         {0x20A0, 0x20FF},
                                         {0x2190, 0x2BFF},
                                         {0x3000, 0x3004},
                                         {0xE000, 0xF8FF},
                                         {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 3> more_symbols{{{0x3008, 0x3020}, {0xFFF0, 0xFFFF}, {0x1F000, 0x1FAFF}}};

// Controls, no-break space, soft hyphen, invisible separators and marks, private use, planes without
// characters.
constexpr std::array<Range, 11> invisible{{{0x7F, 0xA0},
                                           {0xAD, 0xAD},
                                           {0x2000, 0x200F},
                                           {0x2028, 0x202F},
                                           {0x205F, 0x206F},
                                           {0x3000, 0x3000},
                                           {0xE000, 0xF8FF},
                                           {0xFEFF, 0xFEFF},
                                           {0xFFF0, 0xFFFB},
                                           {0x32000, 0xE00FF},
                                           {0xE01F0, 0x10FFFF}}};

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = byte(position);
  if (lead < 0x80) return {lead, 1};
  const std::size_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || position + width > text.size()) return {replacement, 1};
  char32_t value = lead & (0xFFU >> (width + 1));
  for (std::size_t index = position + 1; index < position + width; ++index) {
    if ((byte(index) & 0xC0) != 0x80) return {replacement, 1};
    value = (value << 6) | (byte(index) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest.at(width) || value > last_character || is_surrogate(value)) {
    return {replacement, 1};
  }
  return {value, width};
}

std::string encode_utf8(char32_t character) {
  if (character > last_character || is_surrogate(character)) character = replacement;
  const auto tail = [&](int shift) { return static_cast<char>(0x80U | ((character >> shift) & 0x3FU)); };
  if (character < 0x80) return {static_cast<char>(character)};
  if (character < 0x800) return {static_cast<char>(0xC0U | (character >> 6)), tail(0)};
  if (character < 0x10000) {
    return {static_cast<char>(0xE0U | (character >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0U | (character >> 18)), tail(12), tail(6), tail(0)};
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t position = 0;
  for (; count > 0 && position < text.size(); --count) {
    position += decode_utf8(text, position).width;
  }
  return text.substr(0, position);
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t position = 0; position < text.size(); ++count) {
    position += decode_utf8(text, position).width;
  }
  return count;
}

bool is_alphanumeric(char32_t character) {
  if (character < 0x80) {
    return character == '_' || (character >= '0' && character <= '9') ||
           (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
  }
  return character <= last_character && !contains(symbols, character) && !contains(more_symbols, character);
}

bool is_printable(char32_t character) {
  return character >= ' ' && character <= last_character && !is_surrogate(character) &&
         !contains(invisible, character);
}

std::string describe_character(char32_t character) {
  std::string text = fmt::format("U+{:04X}", static_cast<unsigned>(character));
  if (is_printable(character)) text += " '" + encode_utf8(character) + "'";
  return text;
}

}  // namespace dm
