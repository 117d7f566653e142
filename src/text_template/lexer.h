#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dm::text_template {

/// What a token of a template is; the keywords are the last ones, from `block` on.
enum class TokenKind {
  error,
  boolean,
  character,
  char_constant,
  assign,
  declare,
  end_of_text,
  field,
  identifier,
  left_delimiter,
  left_paren,
  number,
  pipe,
  raw_string,
  right_delimiter,
  right_paren,
  space,
  string,
  text,
  variable,
  block,
  break_,
  continue_,
  dot,
  define,
  else_,
  end,
  if_,
  nil,
  range,
  template_,
  with,
};

/// One token; the text of an error token is the message. Position in bytes, lines from 1.
struct Token {
  TokenKind kind;
  std::size_t position;
  std::string text;
  std::size_t line;

  /// The token as an error message names it.
  std::string description() const;
};

/// The tokens of a template, white space around trim markers removed; the last one is `end_of_text` or
/// `error`.
std::vector<Token> tokenize(std::string_view text);

}  // namespace dm::text_template
