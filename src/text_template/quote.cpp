// Quotes text and characters as Go does.
#include "text_template/quote.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/utf8.h"

namespace dm::text_template {

namespace {

std::string escaped(char32_t character, char quote, Charset charset) {
  if (character == static_cast<char32_t>(quote) || character == '\\') {
    return {'\\', static_cast<char>(character)};
  }
  if (is_printable(character) && (character < 0x80 || charset == Charset::utf8)) {
    return encode_utf8(character);
  }
  constexpr std::string_view characters = "\a\b\t\n\v\f\r";
  constexpr std::string_view letters = "abtnvfr";
  if (character >= '\a' && character <= '\r') {
    return {'\\', letters[characters.find(static_cast<char>(character))]};
  }
  const auto code = static_cast<std::uint32_t>(character);
  if (code < ' ' || code == 0x7F) return fmt::format("\\x{:02x}", code);
  return code < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
}

}  // namespace

std::string quote(std::string_view text, Charset charset) {
  std::string result = "\"";
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint character = decode_utf8(text, position);
    const auto byte = static_cast<unsigned char>(text[position]);
    result += character.width == 1 && byte >= 0x80 ? fmt::format("\\x{:02x}", byte)
                                                   : escaped(character.value, '"', charset);
    position += character.width;
  }
  return result + '"';
}

std::string quote_character(char32_t character, Charset charset) {
  return "'" + escaped(character, '\'', charset) + "'";
}

bool can_be_raw(std::string_view text) {
  return std::ranges::none_of(text, [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < ' ' && byte != '\t') || byte == '`' || byte == 0x7F;
  });
}

}  // namespace dm::text_template
