// Hands out the tokens of a template, with the error texts of Go's text/template.
#include "text_template/token_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace dm::text_template {

const Token& TokenStream::next() {
  const Token& token = tokens_[std::min(index_, tokens_.size() - 1)];
  newest_line_ = std::max(newest_line_, token.line);
  ++index_;
  return token;
}

const Token& TokenStream::peek() {
  const Token& token = next();
  back();
  return token;
}

const Token& TokenStream::next_non_space() {
  while (peek().kind == TokenKind::space) next();
  return next();
}

const Token& TokenStream::peek_non_space() {
  const Token& token = next_non_space();
  back();
  return token;
}

void TokenStream::fail(std::string_view message) const {
  throw Error(fmt::format("template: :{}: {}", newest_line_, message));
}

void TokenStream::fail_unexpected(const Token& token, std::string_view context,
                                  std::size_t action_line) const {
  if (token.kind != TokenKind::error) {
    fail(fmt::format("unexpected {} in {}", token.description(), context));
  }
  std::string place;
  if (action_line != 0 && action_line != token.line) {
    place = token.text.ends_with(" action") ? " started at :" : " in action started at :";
    place += std::to_string(action_line);
  }
  fail(token.text + place);
}

}  // namespace dm::text_template
