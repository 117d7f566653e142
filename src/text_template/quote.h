#pragma once

#include <string>
#include <string_view>

namespace dm::text_template {

/// What may stay unescaped between quotes.
enum class Charset { utf8, ascii };

/// A text in double quotes, escaped as in Go.
std::string quote(std::string_view text, Charset charset = Charset::utf8);

/// A character in single quotes, escaped as in Go.
std::string quote_character(char32_t character, Charset charset = Charset::utf8);

/// Whether a text can stand between backquotes as it is.
bool can_be_raw(std::string_view text);

}  // namespace dm::text_template
