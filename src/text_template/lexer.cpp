// Cuts the text of a template into tokens, with the error texts of Go's text/template.
#include "text_template/lexer.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "text_template/quote.h"

namespace dm::text_template {

namespace {

constexpr std::string_view left_delimiter = "{{";
constexpr std::string_view right_delimiter = "}}";
constexpr std::string_view spaces = " \t\r\n";
constexpr std::size_t trim_marker_size = 2;
constexpr char32_t end_of_input = 0xFFFFFFFF;

bool is_space(char32_t character) {
  return character < 0x80 && spaces.contains(static_cast<char>(character));
}

bool is_digit(char32_t character) { return character >= '0' && character <= '9'; }

TokenKind word_kind(std::string_view word) {
  static const std::map<std::string_view, TokenKind> kinds{{"block", TokenKind::block},
                                                           {"break", TokenKind::break_},
                                                           {"continue", TokenKind::continue_},
                                                           {"define", TokenKind::define},
                                                           {"else", TokenKind::else_},
                                                           {"end", TokenKind::end},
                                                           {"if", TokenKind::if_},
                                                           {"nil", TokenKind::nil},
                                                           {"range", TokenKind::range},
                                                           {"template", TokenKind::template_},
                                                           {"with", TokenKind::with},
                                                           {"true", TokenKind::boolean},
                                                           {"false", TokenKind::boolean}};
  const auto found = kinds.find(word);
  return found == kinds.end() ? TokenKind::identifier : found->second;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (scan_text() && scan_action()) {
    }
    return std::move(tokens_);
  }

 private:
  char32_t peek() const {
    return position_ < text_.size() ? decode_utf8(text_, position_).value : end_of_input;
  }
  char32_t next() {
    if (position_ >= text_.size()) return end_of_input;
    const CodePoint character = decode_utf8(text_, position_);
    position_ += character.width;
    return character.value;
  }
  bool at(std::string_view expected, std::size_t ahead = 0) const {
    return text_.substr(std::min(position_ + ahead, text_.size())).starts_with(expected);
  }
  bool accept(std::string_view set) {
    if (position_ >= text_.size() || !set.contains(text_[position_])) return false;
    ++position_;
    return true;
  }
  void accept_run(std::string_view set) {
    while (accept(set)) {
    }
  }
  std::string_view pending() const { return text_.substr(start_, position_ - start_); }

  void ignore() {
    line_ += static_cast<std::size_t>(std::ranges::count(pending(), '\n'));
    start_ = position_;
  }
  bool emit(TokenKind kind) {
    tokens_.push_back({kind, start_, std::string(pending()), line_});
    ignore();
    return true;
  }
  bool fail(std::string message) {
    tokens_.push_back({TokenKind::error, start_, std::move(message), line_});
    return false;
  }

  bool at_left_trim() const { return at("-") && is_space(character_ahead(1)); }
  bool at_right_trim() const {
    return is_space(peek()) && at("-", 1) && at(right_delimiter, trim_marker_size);
  }
  bool at_right_delimiter() const { return at_right_trim() || at(right_delimiter); }
  char32_t character_ahead(std::size_t ahead) const {
    return position_ + ahead < text_.size() ? static_cast<unsigned char>(text_[position_ + ahead])
                                            : end_of_input;
  }
  bool at_terminator() const {
    const char32_t character = peek();
    return character == end_of_input || is_space(character) ||
           (character < 0x80 && std::string_view(".,|:)(").contains(static_cast<char>(character))) ||
           at(right_delimiter);
  }

  /// Up to the next action; false at the end of the template.
  bool scan_text() {
    position_ = std::min(text_.find(left_delimiter, position_), text_.size());
    const std::size_t action = position_;
    if (action == text_.size()) {
      if (position_ > start_) emit(TokenKind::text);
      emit(TokenKind::end_of_text);
      return false;
    }
    position_ += left_delimiter.size();
    const bool trims = at_left_trim();
    position_ = action;
    if (trims) {
      while (position_ > start_ && spaces.contains(text_[position_ - 1])) --position_;
    }
    if (position_ > start_) emit(TokenKind::text);
    position_ = action;
    ignore();
    return true;
  }

  /// One action or comment with its delimiters; false after an error.
  bool scan_action() {
    position_ += left_delimiter.size();
    const std::size_t marker = at_left_trim() ? trim_marker_size : 0;
    if (at("/*", marker)) {
      position_ += marker;
      ignore();
      return scan_comment();
    }
    emit(TokenKind::left_delimiter);
    position_ += marker;
    ignore();
    paren_depth_ = 0;
    while (true) {
      if (at_right_delimiter()) {
        if (paren_depth_ > 0) return fail("unclosed left paren");
        skip_right_delimiter(TokenKind::right_delimiter);
        return true;
      }
      if (!scan_inside_action()) return false;
    }
  }

  void skip_right_delimiter(TokenKind kind) {
    const bool trims = at_right_trim();
    if (trims) position_ += trim_marker_size;
    ignore();
    position_ += right_delimiter.size();
    if (kind == TokenKind::right_delimiter) emit(kind);
    if (trims) accept_run(spaces);
    ignore();
  }

  bool scan_comment() {
    const std::size_t end = text_.find("*/", position_ + 2);
    if (end == std::string_view::npos) return fail("unclosed comment");
    position_ = end + 2;
    if (!at_right_delimiter()) return fail("comment ends before closing delimiter");
    skip_right_delimiter(TokenKind::space);
    return true;
  }

  bool scan_inside_action() {
    const char32_t character = peek();
    if (character == end_of_input) return fail("unclosed action");
    if (is_space(character)) return scan_space();
    if (character == '+' || character == '-' || is_digit(character) ||
        (character == '.' && (is_digit(character_ahead(1)) || position_ + 1 == text_.size()))) {
      return scan_number();
    }
    if (is_alphanumeric(character)) return scan_word();
    next();
    switch (character) {
      case '=':
        return emit(TokenKind::assign);
      case ':':
        if (next() != '=') return fail("expected :=");
        return emit(TokenKind::declare);
      case '|':
        return emit(TokenKind::pipe);
      case '"':
        return scan_quoted('"', TokenKind::string, "unterminated quoted string");
      case '\'':
        return scan_quoted('\'', TokenKind::char_constant, "unterminated character constant");
      case '`':
        return scan_raw_string();
      case '$':
        return at_terminator() ? emit(TokenKind::variable) : scan_name(TokenKind::variable);
      case '.':
        return at_terminator() ? emit(TokenKind::dot) : scan_name(TokenKind::field);
      case '(':
        ++paren_depth_;
        return emit(TokenKind::left_paren);
      case ')':
        emit(TokenKind::right_paren);
        if (--paren_depth_ >= 0) return true;
        return fail("unexpected right paren " + describe_character(character));
      default:
        if (character < 0x80 && is_printable(character)) return emit(TokenKind::character);
        return fail("unrecognized character in action: " + describe_character(character));
    }
  }

  bool scan_space() {
    // The last space belongs to a trim marker that follows.
    while (is_space(peek()) && !at_right_trim()) next();
    return emit(TokenKind::space);
  }

  bool scan_name(TokenKind kind) {
    while (is_alphanumeric(peek())) next();
    if (!at_terminator()) return fail("bad character " + describe_character(peek()));
    return emit(kind);
  }

  bool scan_word() {
    while (is_alphanumeric(peek())) next();
    return scan_name(word_kind(pending()));
  }

  bool scan_quoted(char32_t quote, TokenKind kind, const char* error) {
    for (char32_t character = next(); character != quote; character = next()) {
      if (character == '\\') character = next();
      if (character == end_of_input || character == '\n') return fail(error);
    }
    return emit(kind);
  }

  bool scan_raw_string() {
    const std::size_t end = text_.find('`', position_);
    if (end == std::string_view::npos) return fail("unterminated raw quoted string");
    position_ = end + 1;
    return emit(TokenKind::raw_string);
  }

  bool scan_number() {
    // The second number of a pair is an imaginary part.
    bool good = scan_plain_number();
    if (good && (peek() == '+' || peek() == '-')) {
      good = scan_plain_number() && text_[position_ - 1] == 'i';
    }
    if (!good) return fail("bad number syntax: " + quote(pending()));
    return emit(TokenKind::number);
  }

  bool scan_plain_number() {
    std::string_view digits = "0123456789_";
    std::string_view exponent = "eE";
    accept("+-");
    if (accept("0")) {
      if (accept("xX")) {
        digits = "0123456789abcdefABCDEF_";
        exponent = "pP";
      } else if (accept("oO")) {
        digits = "01234567_";
        exponent = "";
      } else if (accept("bB")) {
        digits = "01_";
        exponent = "";
      }
    }
    accept_run(digits);
    if (accept(".")) accept_run(digits);
    if (accept(exponent)) {
      accept("+-");
      accept_run("0123456789_");
    }
    accept("i");
    if (!is_alphanumeric(peek())) return true;
    next();
    return false;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
  std::size_t line_ = 1;
  int paren_depth_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string Token::description() const {
  constexpr std::size_t longest = 10;
  if (kind == TokenKind::end_of_text) return "EOF";
  if (kind == TokenKind::error) return text;
  if (kind >= TokenKind::block) return "<" + text + ">";
  if (text.size() > longest) return quote(first_characters(text, longest)) + "...";
  return quote(text);
}

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace dm::text_template
