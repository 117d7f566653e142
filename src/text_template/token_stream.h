#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "text_template/lexer.h"

namespace dm::text_template {

/// The tokens of a template one after the other, and errors that name the place reached.
class TokenStream {
 public:
  explicit TokenStream(std::string_view text) : tokens_(tokenize(text)) {}

  const Token& next();
  const Token& peek();
  const Token& next_non_space();
  const Token& peek_non_space();
  /// The token given last comes again.
  void back() { --index_; }
  /// Where the stream stands, to return there.
  std::size_t place() const { return index_; }
  void return_to(std::size_t place) { index_ = place; }

  /// Error with Go's text, at the line of the newest token looked at.
  [[noreturn]] void fail(std::string_view message) const;
  /// Error with Go's text for a token that `context` has no use for; `action_line` is where the action began,
  /// 0 outside of one.
  [[noreturn]] void fail_unexpected(const Token& token, std::string_view context,
                                    std::size_t action_line) const;

 private:
  std::vector<Token> tokens_;
  std::size_t index_ = 0;
  std::size_t newest_line_ = 1;
};

}  // namespace dm::text_template
