// Makes statements of the tokens of a template, with the error texts of Go's text/template.
#include "text_template/parser.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "text_template/builtins.h"
#include "text_template/literal.h"
#include "text_template/quote.h"
#include "text_template/token_stream.h"

namespace dm::text_template {

namespace {

// Far beyond what a person writes, and far below what the stack holds.
constexpr int deepest_nesting = 500;

class Parser {
 public:
  Parser(std::string_view text, const Functions& functions) : functions_(functions), tokens_(text) {}

  Definitions run() {
    std::vector<Statement> statements;
    while (tokens_.peek().kind != TokenKind::end_of_text) {
      if (parse_definition()) continue;
      if (const std::optional<BlockEnd> end = parse_statement(statements)) {
        fail(fmt::format("unexpected {}", name_of(*end)));
      }
    }
    define("", std::move(statements));
    return std::move(definitions_);
  }

 private:
  enum class BlockEnd { end, else_ };
  struct Block {
    std::vector<Statement> statements;
    BlockEnd end;
  };

  /// What is known inside of one template, and not inside of those that it defines.
  struct Scope {
    std::size_t action_line = 0;
    int range_depth = 0;
    std::vector<std::string> variables{"$"};
  };

  static std::string_view name_of(BlockEnd end) { return end == BlockEnd::end ? "{{end}}" : "{{else}}"; }

  [[noreturn]] void fail(std::string_view message) const { tokens_.fail(message); }
  [[noreturn]] void fail_unexpected(const Token& token, std::string_view context) const {
    tokens_.fail_unexpected(token, context, scope_.action_line);
  }
  void expect_right_delimiter(std::string_view context) {
    const Token& token = tokens_.next_non_space();
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

  // Like Go, a template may be defined a second time if it was blank.
  void define(const std::string& name, std::vector<Statement> statements) {
    const auto known = definitions_.find(name);
    if (known == definitions_.end() || is_blank(known->second)) {
      definitions_[name] = std::move(statements);
    } else if (!is_blank(statements)) {
      fail(fmt::format("template: multiple definition of template {}", quote(name)));
    }
  }

  static bool is_blank(const std::vector<Statement>& statements) {
    return std::ranges::all_of(statements, [](const Statement& statement) {
      return statement.kind == StatementKind::text &&
             statement.text.find_first_not_of(" \t\n\v\f\r") == std::string::npos;
    });
  }

  /// A {{define}}, if one comes next.
  bool parse_definition() {
    const std::size_t place = tokens_.place();
    if (tokens_.next().kind != TokenKind::left_delimiter ||
        tokens_.next_non_space().kind != TokenKind::define) {
      tokens_.return_to(place);
      return false;
    }
    const std::string_view context = "define clause";
    const std::string name = parse_name(tokens_.next_non_space(), context);
    expect_right_delimiter(context);
    parse_named_body(name, context);
    return true;
  }

  std::string parse_name(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::string && token.kind != TokenKind::raw_string) {
      fail_unexpected(token, context);
    }
    return literal_value(token).text();
  }

  /// What stands up to the {{end}} of a named template, which it defines.
  void parse_named_body(const std::string& name, std::string_view context) {
    const Nesting nesting(*this);
    Scope outer = std::exchange(scope_, {});
    Block block = parse_block();
    if (block.end != BlockEnd::end) fail(fmt::format("unexpected {} in {}", name_of(block.end), context));
    define(name, std::move(block.statements));
    scope_ = std::move(outer);
  }

  Block parse_block() {
    Block block;
    while (tokens_.peek_non_space().kind != TokenKind::end_of_text) {
      if (const std::optional<BlockEnd> end = parse_statement(block.statements)) {
        block.end = *end;
        return block;
      }
    }
    fail("unexpected EOF");
  }

  /// Adds text or an action to the statements, unless it ends the block.
  std::optional<BlockEnd> parse_statement(std::vector<Statement>& statements) {
    const Token& token = tokens_.next_non_space();
    if (token.kind == TokenKind::text) {
      statements.push_back({.kind = StatementKind::text, .text = token.text});
      return std::nullopt;
    }
    if (token.kind != TokenKind::left_delimiter) fail_unexpected(token, "input");
    scope_.action_line = token.line;
    const std::optional<BlockEnd> end = parse_action(statements);
    scope_.action_line = 0;
    return end;
  }

  std::optional<BlockEnd> parse_action(std::vector<Statement>& statements) {
    const Token& token = tokens_.next_non_space();
    switch (token.kind) {
      case TokenKind::end:
        expect_right_delimiter("end");
        return BlockEnd::end;
      case TokenKind::else_:
        // An "if" that follows is left to the block that ends here.
        if (tokens_.peek_non_space().kind != TokenKind::if_) expect_right_delimiter("else");
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
        statements.push_back(parse_invocation("block clause"));
        break;
      case TokenKind::template_:
        statements.push_back(parse_invocation("template clause"));
        break;
      default:
        tokens_.back();
        statements.push_back({.kind = StatementKind::action,
                              .text = {},
                              .pipeline = parse_pipeline("command", TokenKind::right_delimiter)});
    }
    return std::nullopt;
  }

  /// A {{template}}, or a {{block}}, which defines it too.
  Statement parse_invocation(std::string_view context) {
    const bool is_block = context.starts_with("block");
    const Token& token = tokens_.next_non_space();
    auto invocation = std::make_unique<Invocation>();
    invocation->position = token.position;
    invocation->name = parse_name(token, context);
    if (is_block || tokens_.peek_non_space().kind != TokenKind::right_delimiter) {
      invocation->pipeline = parse_pipeline(context, TokenKind::right_delimiter);
    } else {
      tokens_.next_non_space();
    }
    if (is_block) parse_named_body(invocation->name, context);
    return {.kind = StatementKind::invocation, .invocation = std::move(invocation)};
  }

  Statement parse_jump(StatementKind kind, std::string_view name) {
    expect_right_delimiter(name);
    if (scope_.range_depth == 0) fail(fmt::format("{} outside {{{{range}}}}", name));
    return {.kind = kind};
  }

  Statement parse_control(StatementKind kind, std::string_view name) {
    const Nesting nesting(*this);
    const std::size_t variables = scope_.variables.size();
    const int in_range = kind == StatementKind::range ? 1 : 0;
    Statement statement{.kind = kind};
    statement.pipeline = parse_pipeline(name, TokenKind::right_delimiter);
    scope_.range_depth += in_range;
    Block body = parse_block();
    scope_.range_depth -= in_range;
    statement.body = std::move(body.statements);
    if (body.end == BlockEnd::else_) {
      if (kind == StatementKind::if_ && tokens_.peek().kind == TokenKind::if_) {
        // One {{end}} serves the whole chain.
        tokens_.next();
        statement.otherwise.emplace();
        statement.otherwise->push_back(parse_control(StatementKind::if_, "if"));
      } else {
        Block otherwise = parse_block();
        if (otherwise.end != BlockEnd::end) fail("expected end; found {{else}}");
        statement.otherwise = std::move(otherwise.statements);
      }
    }
    scope_.variables.resize(variables);
    return statement;
  }

  std::unique_ptr<Pipeline> parse_pipeline(std::string_view context, TokenKind end) {
    const Nesting nesting(*this);
    auto pipeline = std::make_unique<Pipeline>();
    pipeline->position = tokens_.peek_non_space().position;
    parse_variables(*pipeline, context);
    while (true) {
      const Token& token = tokens_.next_non_space();
      if (token.kind == end) break;
      if (!starts_operand(token.kind)) fail_unexpected(token, context);
      tokens_.back();
      pipeline->commands.push_back(parse_command());
    }
    check_pipeline(*pipeline, context);
    return pipeline;
  }

  /// The variables before := or =, if there are any.
  void parse_variables(Pipeline& pipeline, std::string_view context) {
    while (tokens_.peek_non_space().kind == TokenKind::variable) {
      const std::size_t start = tokens_.place();
      const Token& variable = tokens_.next();
      const Token& after = tokens_.next_non_space();
      const bool is_list = after.kind == TokenKind::character && after.text == ",";
      if (!is_list && after.kind != TokenKind::assign && after.kind != TokenKind::declare) {
        tokens_.return_to(start);
        return;
      }
      pipeline.variables.push_back(variable.text);
      scope_.variables.push_back(variable.text);
      if (!is_list) {
        if (after.kind == TokenKind::assign) pipeline.target = Pipeline::Target::assigned;
        return;
      }
      if (context != "range" || pipeline.variables.size() > 1) {
        fail(fmt::format("too many declarations in {}", context));
      }
      const TokenKind follower = tokens_.peek_non_space().kind;
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
    command.position = tokens_.peek_non_space().position;
    while (true) {
      if (starts_operand(tokens_.peek_non_space().kind)) command.operands.push_back(parse_operand());
      const Token& token = tokens_.next();
      if (token.kind == TokenKind::space) continue;
      if (token.kind == TokenKind::right_delimiter || token.kind == TokenKind::right_paren) {
        tokens_.back();
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
    if (tokens_.peek().kind != TokenKind::field) return operand;
    const std::size_t position = tokens_.peek().position;
    std::vector<std::string> names;
    while (tokens_.peek().kind == TokenKind::field) names.push_back(tokens_.next().text.substr(1));
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
    const Token& token = tokens_.next_non_space();
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
        if (std::ranges::find(scope_.variables, token.text) == scope_.variables.end()) {
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
  TokenStream tokens_;
  Scope scope_;
  Definitions definitions_;
  int depth_ = 0;
};

}  // namespace

Syntax parse(std::string_view text, const Functions& functions) {
  return {std::string(text), Parser(text, functions).run()};
}

}  // namespace dm::text_template
