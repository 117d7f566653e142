#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text_template/value.h"

namespace dm::text_template {

/// A place in a template that an error message can show.
struct Node {
  std::size_t position = 0;

  virtual ~Node() = default;
  /// The node as Go writes it out.
  virtual std::string source() const = 0;
};

struct Pipeline;

enum class OperandKind { dot, nil, literal, field, variable, function, pipeline, chain };

/// One word of a command.
struct Operand final : Node {
  OperandKind kind = OperandKind::dot;
  /// A literal as it was written, or the name of a function.
  std::string text;
  /// The value of a literal; nil for an integer that is too large.
  Value value;
  /// The fields of a field, variable (after its own name) or chain.
  std::vector<std::string> names;
  /// What stands in parentheses.
  std::shared_ptr<const Pipeline> pipeline;
  /// What a chain of fields starts from: a function or something in parentheses.
  std::unique_ptr<Operand> base;

  std::string source() const override;
};

/// A value, or a function or method with its arguments.
struct Command final : Node {
  std::vector<Operand> operands;

  std::string source() const override;
};

/// Commands that hand their value on, with the variables that receive the last one.
struct Pipeline final : Node {
  enum class Target { declared, assigned };

  Target target = Target::declared;
  std::vector<std::string> variables;
  std::vector<Command> commands;

  std::string source() const override;
};

/// The call of a named template.
struct Invocation final : Node {
  std::string name;
  /// What it is executed on; null for nothing.
  std::unique_ptr<Pipeline> pipeline;

  std::string source() const override;
};

enum class StatementKind { text, action, if_, range, with, break_, continue_, invocation };

/// Text to copy, or an action with what depends on it.
struct Statement {
  StatementKind kind = StatementKind::text;
  std::string text{};
  std::unique_ptr<Pipeline> pipeline{};
  std::vector<Statement> body{};
  std::optional<std::vector<Statement>> otherwise{};
  std::unique_ptr<Invocation> invocation{};
};

/// Named templates; the one that was parsed is "".
using Definitions = std::map<std::string, std::vector<Statement>, std::less<>>;

/// A template that was parsed.
struct Syntax {
  std::string text;
  Definitions definitions;
};

}  // namespace dm::text_template
