#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dm {

/// One character of a text; `width` in bytes. A byte that is not UTF-8 is U+FFFD of width 1.
struct CodePoint {
  char32_t value;
  std::size_t width;
};

/// The character that starts at `position`, which must be inside the text.
CodePoint decode_utf8(std::string_view text, std::size_t position);

/// The UTF-8 of a character; U+FFFD for what is none.
std::string encode_utf8(char32_t character);

/// The number of characters of a text.
std::size_t count_characters(std::string_view text);

/// The first `count` characters of a text.
std::string_view first_characters(std::string_view text, std::size_t count);

/// Whether a character can be part of a name; beyond ASCII, symbols and punctuation are known by block only.
bool is_alphanumeric(char32_t character);

/// Whether a character is shown as itself when quoted; beyond ASCII, controls and separators are not.
bool is_printable(char32_t character);

/// A character in the manner of Go's `%#U`: `U+002B '+'`.
std::string describe_character(char32_t character);

}  // namespace dm
