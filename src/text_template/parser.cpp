// Makes statements of the tokens of a template, with the error texts of Go's text/template.
#include "text_template/parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "text_template/builtins.h"
#include "text_template/lexer.h"
#include "text_template/literal.h"
#include "text_template/quote.h"

namespace dm::text_template {

namespace {

// Far beyond what a person writes, and far below what the stack holds.
constexpr int deepest_nesting = 500;

class Parser {
 public:
  Parser(std::string_view text, const Functions& functions)
      : functions_(functions), tokens_(tokenize(text)) {}

  std::vector<Statement> run() {
    Block block = parse_block();
    if (block.end == BlockEnd::end) fail("unexpected {{end}}");
    if (block.end == BlockEnd::else_) fail("unexpected {{else}}");
    return std::move(block.statements);
  }

 private:
  enum class BlockEnd { end_of_text, end, else_ };
  struct Block {
    std::vector<Statement> statements;
    BlockEnd end;
  };

  const Token& next() {
    const Token& token = tokens_[std::min(index_, tokens_.size() - 1)];
    newest_line_ = std::max(newest_line_, token.line);
    ++index_;
    return token;
  }
  const Token& peek() {
    const Token& token = next();
    --index_;
    return token;
  }
  const Token& next_non_space() {
    while (peek().kind == TokenKind::space) next();
    return next();
  }
  const Token& peek_non_space() {
    const Token& token = next_non_space();
    --index_;
    return token;
  }

  // Like Go, an error names the line of the newest token looked at.
  [[noreturn]] void fail(std::string_view message) const {
    throw Error(fmt::format("template: :{}: {}", newest_line_, message));
  }
  [[noreturn]] void fail_unexpected(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::error) {
      fail(fmt::format("unexpected {} in {}", token.description(), context));
    }
    std::string place;
    if (action_line_ != 0 && action_line_ != token.line) {
      place = token.text.ends_with(" action") ? " started at :" : " in action started at :";
      place += std::to_string(action_line_);
    }
    fail(token.text + place);
  }
  void expect_right_delimiter(std::string_view context) {
    const Token& token = next_non_space();
    if (token.kind != TokenKind::right_delimiter) fail_unexpected(token, context);
  }

  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > deepest_nesting) parser_.fail("template is nested too deeply");
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  Block parse_block() {
    Block block{{}, BlockEnd::end_of_text};
    while (true) {
      const Token& token = next_non_space();
      switch (token.kind) {
        case TokenKind::end_of_text:
          return block;
        case TokenKind::text:
          block.statements.push_back({.kind = StatementKind::text, .text = token.text});
          continue;
        case TokenKind::left_delimiter:
          break;
        default:
          fail_unexpected(token, "input");
      }
      action_line_ = token.line;
      const std::optional<BlockEnd> end = parse_action(block.statements);
      action_line_ = 0;
      if (end) {
        block.end = *end;
        return block;
      }
    }
  }

  /// Adds an action to the statements, unless it ends the block.
  std::optional<BlockEnd> parse_action(std::vector<Statement>& statements) {
    const Token& token = next_non_space();
    switch (token.kind) {
      case TokenKind::end:
        expect_right_delimiter("end");
        return BlockEnd::end;
      case TokenKind::else_:
        // An "if" that follows is left to the block that ends here.
        if (peek_non_space().kind != TokenKind::if_) expect_right_delimiter("else");
        return BlockEnd::else_;
      case TokenKind::if_:
        statements.push_back(parse_control(StatementKind::if_, "if"));
        break;
      case TokenKind::range:
        statements.push_back(parse_control(StatementKind::range, "range"));
        break;
      case TokenKind::with:
        statements.push_back(parse_control(StatementKind::with, "with"));
        break;
      case TokenKind::break_:
        statements.push_back(parse_jump(StatementKind::break_, "{{break}}"));
        break;
      case TokenKind::continue_:
        statements.push_back(parse_jump(StatementKind::continue_, "{{continue}}"));
        break;
      case TokenKind::block:
      case TokenKind::define:
      case TokenKind::template_:
        fail(fmt::format("{{{{{}}}}} is not supported", token.text));
      default:
        --index_;
        statements.push_back({.kind = StatementKind::action,
                              .text = {},
                              .pipeline = parse_pipeline("command", TokenKind::right_delimiter)});
    }
    return std::nullopt;
  }

  Statement parse_jump(StatementKind kind, std::string_view name) {
    expect_right_delimiter(name);
    if (range_depth_ == 0) fail(fmt::format("{} outside {{{{range}}}}", name));
    return {.kind = kind};
  }

  Statement parse_control(StatementKind kind, std::string_view name) {
    const Nesting nesting(*this);
    const std::size_t variables = variables_.size();
    const int in_range = kind == StatementKind::range ? 1 : 0;
    Statement statement{.kind = kind};
    statement.pipeline = parse_pipeline(name, TokenKind::right_delimiter);
    range_depth_ += in_range;
    Block body = parse_inner_block();
    range_depth_ -= in_range;
    statement.body = std::move(body.statements);
    if (body.end == BlockEnd::else_) {
      if (kind == StatementKind::if_ && peek().kind == TokenKind::if_) {
        // One {{end}} serves the whole chain.
        next();
        statement.otherwise.emplace();
        statement.otherwise->push_back(parse_control(StatementKind::if_, "if"));
      } else {
        Block otherwise = parse_inner_block();
        if (otherwise.end != BlockEnd::end) fail("expected end; found {{else}}");
        statement.otherwise = std::move(otherwise.statements);
      }
    }
    variables_.resize(variables);
    return statement;
  }

  Block parse_inner_block() {
    Block block = parse_block();
    if (block.end == BlockEnd::end_of_text) fail("unexpected EOF");
    return block;
  }

  std::unique_ptr<Pipeline> parse_pipeline(std::string_view context, TokenKind end) {
    const Nesting nesting(*this);
    auto pipeline = std::make_unique<Pipeline>();
    pipeline->position = peek_non_space().position;
    parse_variables(*pipeline, context);
    while (true) {
      const Token& token = next_non_space();
      if (token.kind == end) break;
      if (!starts_operand(token.kind)) fail_unexpected(token, context);
      --index_;
      pipeline->commands.push_back(parse_command());
    }
    check_pipeline(*pipeline, context);
    return pipeline;
  }

  /// The variables before := or =, if there are any.
  void parse_variables(Pipeline& pipeline, std::string_view context) {
    while (peek_non_space().kind == TokenKind::variable) {
      const std::size_t start = index_;
      const Token& variable = next();
      const Token& after = next_non_space();
      const bool is_list = after.kind == TokenKind::character && after.text == ",";
      if (!is_list && after.kind != TokenKind::assign && after.kind != TokenKind::declare) {
        index_ = start;
        return;
      }
      pipeline.variables.push_back(variable.text);
      variables_.push_back(variable.text);
      if (!is_list) {
        if (after.kind == TokenKind::assign) pipeline.target = Pipeline::Target::assigned;
        return;
      }
      if (context != "range" || pipeline.variables.size() > 1) {
        fail(fmt::format("too many declarations in {}", context));
      }
      const TokenKind follower = peek_non_space().kind;
      if (follower != TokenKind::variable && follower != TokenKind::right_delimiter &&
          follower != TokenKind::right_paren) {
        fail("range can only initialize variables");
      }
    }
  }

  void check_pipeline(const Pipeline& pipeline, std::string_view context) const {
    if (pipeline.commands.empty()) fail(fmt::format("missing value for {}", context));
    for (std::size_t stage = 1; stage < pipeline.commands.size(); ++stage) {
      const OperandKind kind = pipeline.commands[stage].operands.front().kind;
      if (kind == OperandKind::dot || kind == OperandKind::nil || kind == OperandKind::literal) {
        fail(fmt::format("non executable command in pipeline stage {}", stage + 1));
      }
    }
  }

  static bool starts_operand(TokenKind kind) {
    switch (kind) {
      case TokenKind::boolean:
      case TokenKind::char_constant:
      case TokenKind::dot:
      case TokenKind::field:
      case TokenKind::identifier:
      case TokenKind::left_paren:
      case TokenKind::nil:
      case TokenKind::number:
      case TokenKind::raw_string:
      case TokenKind::string:
      case TokenKind::variable:
        return true;
      default:
        return false;
    }
  }

  /// Operands up to a pipe sign, which is skipped, or a closing delimiter, which is not.
  Command parse_command() {
    Command command;
    command.position = peek_non_space().position;
    while (true) {
      if (starts_operand(peek_non_space().kind)) command.operands.push_back(parse_operand());
      const Token& token = next();
      if (token.kind == TokenKind::space) continue;
      if (token.kind == TokenKind::right_delimiter || token.kind == TokenKind::right_paren) {
        --index_;
      } else if (token.kind != TokenKind::pipe) {
        fail_unexpected(token, "operand");
      }
      break;
    }
    if (command.operands.empty()) fail("empty command");
    return command;
  }

  /// A term with the fields that follow it.
  Operand parse_operand() {
    Operand operand = parse_term();
    if (peek().kind != TokenKind::field) return operand;
    const std::size_t position = peek().position;
    std::vector<std::string> names;
    while (peek().kind == TokenKind::field) names.push_back(next().text.substr(1));
    switch (operand.kind) {
      case OperandKind::field:
      case OperandKind::variable:
        operand.position = position;
        std::ranges::move(names, std::back_inserter(operand.names));
        return operand;
      case OperandKind::dot:
      case OperandKind::nil:
      case OperandKind::literal:
        fail(fmt::format("unexpected . after term {}", quote(operand.source())));
      default:
        break;
    }
    Operand chain;
    chain.kind = OperandKind::chain;
    chain.position = position;
    chain.names = std::move(names);
    chain.base = std::make_unique<Operand>(std::move(operand));
    return chain;
  }

  Operand parse_term() {
    const Token& token = next_non_space();
    Operand operand;
    operand.position = token.position;
    operand.text = token.text;
    switch (token.kind) {
      case TokenKind::identifier:
        operand.kind = OperandKind::function;
        if (!functions_.contains(token.text) && find_builtin(token.text) == nullptr) {
          fail(fmt::format("function {} not defined", quote(token.text)));
        }
        break;
      case TokenKind::nil:
        operand.kind = OperandKind::nil;
        break;
      case TokenKind::variable:
        operand.kind = OperandKind::variable;
        if (std::ranges::find(variables_, token.text) == variables_.end()) {
          fail(fmt::format("undefined variable {}", quote(token.text)));
        }
        break;
      case TokenKind::field:
        operand.kind = OperandKind::field;
        operand.names.push_back(token.text.substr(1));
        break;
      case TokenKind::left_paren:
        operand.kind = OperandKind::pipeline;
        operand.pipeline = parse_pipeline("parenthesized pipeline", TokenKind::right_paren);
        // Go places what stands in parentheses at its first word.
        operand.position = operand.pipeline->position;
        break;
      case TokenKind::dot:
        operand.kind = OperandKind::dot;
        break;
      default:
        operand.kind = OperandKind::literal;
        operand.value = literal_value(token);
    }
    return operand;
  }

  Value literal_value(const Token& token) const {
    try {
      switch (token.kind) {
        case TokenKind::boolean:
          return token.text == "true";
        case TokenKind::char_constant:
          return parse_character(token.text);
        case TokenKind::number:
          return parse_number(token.text);
        default:
          return unquote(token.text);
      }
    } catch (const Error& error) {
      fail(error.what());
    }
  }

  const Functions& functions_;
  std::vector<Token> tokens_;
  std::size_t index_ = 0;
  std::size_t newest_line_ = 1;
  std::size_t action_line_ = 0;
  int range_depth_ = 0;
  int depth_ = 0;
  std::vector<std::string> variables_{"$"};
};

}  // namespace

Syntax parse(std::string_view text, const Functions& functions) {
  return {std::string(text), Parser(text, functions).run()};
}

}  // namespace dm::text_template
