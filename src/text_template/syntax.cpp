// Writes parts of a template out again, for error messages.
#include "text_template/syntax.h"

#include "text_template/quote.h"

namespace dm::text_template {

namespace {

std::string dotted(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += "." + name;
  return result;
}

}  // namespace

std::string Operand::source() const {
  switch (kind) {
    case OperandKind::dot:
      return ".";
    case OperandKind::nil:
      return "nil";
    case OperandKind::literal:
    case OperandKind::function:
      return text;
    case OperandKind::field:
      return dotted(names);
    case OperandKind::variable:
      return text + dotted(names);
    case OperandKind::pipeline:
      return pipeline->source();
    case OperandKind::chain:
      break;
  }
  const bool in_parentheses = base->kind == OperandKind::pipeline;
  return (in_parentheses ? "(" + base->source() + ")" : base->source()) + dotted(names);
}

std::string Command::source() const {
  std::string result;
  for (const Operand& operand : operands) {
    if (!result.empty()) result += ' ';
    const bool in_parentheses = operand.kind == OperandKind::pipeline;
    result += in_parentheses ? "(" + operand.source() + ")" : operand.source();
  }
  return result;
}

std::string Pipeline::source() const {
  std::string result;
  for (const std::string& variable : variables) {
    result += (result.empty() ? "" : ", ") + variable;
  }
  if (!variables.empty()) result += " := ";
  for (const Command& command : commands) {
    result += (&command == &commands.front() ? "" : " | ") + command.source();
  }
  return result;
}

std::string Invocation::source() const {
  return "{{template " + quote(name) + (pipeline ? " " + pipeline->source() : "") + "}}";
}

}  // namespace dm::text_template
