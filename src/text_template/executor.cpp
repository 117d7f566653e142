// Runs a parsed template, with the error texts of Go's text/template.
#include "text_template/executor.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "text_template/builtins.h"
#include "text_template/quote.h"

namespace dm::text_template {

namespace {

using Kind = Value::Kind;

// Go's own limit, which the message names, would need more stack than a thread has.
constexpr int deepest_execution = 500;

/// What a statement does to the range around it.
enum class Flow { next, break_, continue_ };

enum class Parameter { any, text };

/// The arguments of a call: those written behind its name, and the value that a pipeline hands on.
struct Arguments {
  std::span<const Operand> written;
  std::optional<Result> handed_on;

  std::size_t count() const { return written.size() + (handed_on ? 1 : 0); }
};

class Executor {
 public:
  Executor(const Syntax& syntax, const Functions& functions, const Value& data, Numbers numbers)
      : syntax_(syntax), functions_(functions), numbers_(numbers), variables_{{"$", {data}}} {}

  std::string run() {
    const Result dot = variables_.front().value;
    run_all(syntax_.definitions.find("")->second, dot);
    return std::move(out_);
  }

 private:
  struct Variable {
    std::string name;
    Result value;
  };

  /// Forgets the variables that were declared in its time.
  class Scope {
   public:
    explicit Scope(std::vector<Variable>& variables) : variables_(variables), size_(variables.size()) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { variables_.erase(variables_.begin() + static_cast<std::ptrdiff_t>(size_), variables_.end()); }

   private:
    std::vector<Variable>& variables_;
    std::size_t size_;
  };

  /// Puts a named template's own variables and name in the place of the caller's.
  class Call {
   public:
    Call(Executor& executor, std::string_view name, const Result& dot)
        : executor_(executor), variables_{{"$", dot}}, name_(name) {
      exchange();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { exchange(); }

   private:
    void exchange() noexcept {
      std::swap(executor_.variables_, variables_);
      std::swap(executor_.name_, name_);
    }

    Executor& executor_;
    std::vector<Variable> variables_;
    std::string_view name_;
  };

  /// Counts how deep the execution is.
  class Depth {
   public:
    explicit Depth(int& depth) : depth_(++depth) {}
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ~Depth() { --depth_; }

   private:
    int& depth_;
  };

  // Like Go, an error names the node that was entered last, not the one that encloses it.
  void enter(const Node& node) { node_ = &node; }

  [[noreturn]] void fail(std::string_view message) const {
    const std::string before = syntax_.text.substr(0, node_->position);
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string::npos ? before.size() : before.size() - newline - 1;
    throw Error(fmt::format("template: :{}:{}: executing {} at <{}>: {}",
                            1 + std::ranges::count(before, '\n'), column, quote(name_), node_->source(),
                            message));
  }

  Flow run_all(const std::vector<Statement>& statements, const Result& dot) {
    const Depth depth(depth_);
    for (const Statement& statement : statements) {
      const Flow flow = run_one(statement, dot);
      if (flow != Flow::next) return flow;
    }
    return Flow::next;
  }

  Flow run_one(const Statement& statement, const Result& dot) {
    switch (statement.kind) {
      case StatementKind::text:
        out_ += statement.text;
        return Flow::next;
      case StatementKind::action: {
        // Variables stay until the next end.
        const Result result = evaluate(*statement.pipeline, dot);
        if (statement.pipeline->variables.empty()) print_result(result);
        return Flow::next;
      }
      case StatementKind::if_:
      case StatementKind::with: {
        const Scope scope(variables_);
        const Result result = evaluate(*statement.pipeline, dot);
        if (result.value.is_true()) {
          return run_all(statement.body, statement.kind == StatementKind::with ? result : dot);
        }
        return statement.otherwise ? run_all(*statement.otherwise, dot) : Flow::next;
      }
      case StatementKind::range:
        return run_range(statement, dot);
      case StatementKind::break_:
        return Flow::break_;
      case StatementKind::continue_:
        return Flow::continue_;
      case StatementKind::invocation:
        run_named(*statement.invocation, dot);
        return Flow::next;
    }
    return Flow::next;
  }

  /// A template by its name, with no variables but $.
  void run_named(const Invocation& invocation, const Result& dot) {
    enter(invocation);
    const auto found = syntax_.definitions.find(invocation.name);
    if (found == syntax_.definitions.end()) {
      fail(fmt::format("template {} not defined", quote(invocation.name)));
    }
    if (depth_ > deepest_execution) fail("exceeded maximum template depth (100000)");
    const Result own_dot = invocation.pipeline ? evaluate(*invocation.pipeline, dot) : Result{};
    const Call call(*this, found->first, own_dot);
    run_all(found->second, own_dot);
  }

  void print_result(const Result& result) {
    const Value value = result.value.dereferenced();
    out_ += value.is_nil() ? "<no value>" : print(std::array{value}, numbers_);
  }

  Flow run_range(const Statement& statement, const Result& dot) {
    const Scope scope(variables_);
    const Result result = evaluate(*statement.pipeline, dot);
    const Value& value = result.value;
    bool is_empty = true;
    if (value.kind() == Kind::list) {
      is_empty = value.list().empty();
      std::int64_t index = 0;
      for (const Value& item : value.list()) {
        const Result element{item, value.elements() == Elements::any};
        if (run_turn(statement, {index++}, element) == Flow::break_) break;
      }
    } else if (value.kind() == Kind::map) {
      is_empty = value.map().empty();
      for (const auto& [key, item] : value.map()) {
        const Result element{item, value.elements() == Elements::any};
        if (run_turn(statement, {key}, element) == Flow::break_) break;
      }
    } else if (!value.is_nil()) {
      const Value shown = value.dereferenced();
      fail("range can't iterate over " + print(std::array{shown}, numbers_));
    }
    return is_empty && statement.otherwise ? run_all(*statement.otherwise, dot) : Flow::next;
  }

  Flow run_turn(const Statement& statement, const Result& index, const Result& element) {
    const std::size_t count = statement.pipeline->variables.size();
    if (count > 0) variables_.back().value = element;
    if (count > 1) variables_[variables_.size() - 2].value = index;
    const Scope scope(variables_);
    return run_all(statement.body, element);
  }

  Result evaluate(const Pipeline& pipeline, const Result& dot) {
    enter(pipeline);
    std::optional<Result> value;
    for (const Command& command : pipeline.commands) {
      value = evaluate(command, dot, value);
      value->boxed = false;
    }
    for (const std::string& name : pipeline.variables) {
      if (pipeline.target == Pipeline::Target::declared) {
        variables_.push_back({name, *value});
      } else {
        variable(name) = *value;
      }
    }
    return *value;
  }

  Result& variable(const std::string& name) {
    const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                    [&](const Variable& candidate) { return candidate.name == name; });
    if (found == variables_.rend()) fail("undefined variable: " + name);
    return found->value;
  }

  Result evaluate(const Command& command, const Result& dot, const std::optional<Result>& handed_on) {
    const Operand& first = command.operands.front();
    const Arguments arguments{std::span(command.operands).subspan(1), handed_on};
    switch (first.kind) {
      case OperandKind::field:
      case OperandKind::variable:
      case OperandKind::chain:
        return evaluate_fields(first, dot, arguments);
      case OperandKind::function:
        return call_function(first, command, dot, arguments);
      case OperandKind::pipeline:
        refuse_arguments(first, arguments);
        return evaluate(*first.pipeline, dot);
      default:
        break;
    }
    enter(first);
    refuse_arguments(first, arguments);
    if (first.kind == OperandKind::dot) return dot;
    if (first.kind == OperandKind::nil) fail("nil is not a command");
    return literal(first);
  }

  void refuse_arguments(const Operand& operand, const Arguments& arguments) const {
    if (arguments.count() > 0) fail("can't give argument to non-function " + operand.source());
  }

  Result literal(const Operand& operand) {
    enter(operand);
    if (operand.value.is_nil()) fail(operand.text + " overflows int");
    return {operand.value};
  }

  /// A field, variable or chain with the fields that follow; the last one may be a method that takes the
  /// arguments.
  Result evaluate_fields(const Operand& operand, const Result& dot, const Arguments& arguments) {
    enter(operand);
    Result receiver = dot;
    if (operand.kind == OperandKind::variable) {
      receiver = variable(operand.text);
      if (operand.names.empty()) refuse_arguments(operand, arguments);
    } else if (operand.kind == OperandKind::chain) {
      receiver = evaluate_argument(*operand.base, dot, Parameter::any);
    }
    for (const std::string& name : operand.names) {
      const bool is_last = &name == &operand.names.back();
      receiver = evaluate_field(receiver, name, is_last ? arguments : Arguments{});
    }
    return receiver;
  }

  Result evaluate_field(const Result& receiver, const std::string& name, const Arguments& arguments) {
    const Value& value = receiver.value;
    if (value.is_nil()) {
      if (!receiver.boxed) return {};
      fail(fmt::format("nil pointer evaluating {}.{}", receiver.type(), name));
    }
    if (const Value* result = value.is_null_pointer() ? nullptr : value.method(name)) {
      check_count(name, 0, arguments.count());
      return {*result};
    }
    if (value.kind() == Kind::map) {
      if (arguments.count() > 0) fail(name + " is not a method but has arguments");
      const auto found = value.map().find(name);
      if (found == value.map().end()) return {};
      return {found->second, value.elements() == Elements::any};
    }
    const Value* field = value.kind() == Kind::record ? value.field(name) : nullptr;
    if (field == nullptr) {
      fail(fmt::format("can't evaluate field {} in type {}", name, receiver.type()));
    }
    if (value.is_null_pointer()) {
      fail(fmt::format("nil pointer evaluating {}.{}", receiver.type(), name));
    }
    if (arguments.count() > 0) fail(name + " has arguments but cannot be invoked as function");
    return {*field};
  }

  void check_count(std::string_view name, std::size_t wanted, std::size_t given) const {
    if (wanted == given) return;
    fail(fmt::format("wrong number of args for {}: want {} got {}", name, wanted, given));
  }

  Result call_function(const Operand& name, const Node& call, const Result& dot, const Arguments& arguments) {
    enter(name);
    if (const auto found = functions_.find(name.text); found != functions_.end()) {
      const Function& function = found->second;
      check_count(name.text, function.arity, arguments.count());
      std::vector<Value> values;
      for (const Result& argument : evaluate_arguments(dot, arguments, Parameter::any)) {
        values.push_back(argument.value);
      }
      return call_safely(name, call, [&] { return Result{function.call(values)}; });
    }
    const Builtin& builtin = *find_builtin(name.text);
    if (builtin.arity == Builtin::Arity::exact) {
      check_count(name.text, builtin.required, arguments.count());
    } else if (arguments.count() < builtin.required) {
      fail(fmt::format("wrong number of args for {}: want at least {} got {}", name.text, builtin.required,
                       arguments.written.size()));
    }
    if (builtin.arity == Builtin::Arity::short_circuit) return short_circuit(name, dot, arguments);
    const std::vector<Result> results =
        evaluate_arguments(dot, arguments, builtin.wants_text_first ? Parameter::text : Parameter::any);
    return call_safely(name, call, [&] { return builtin.call(results, numbers_); });
  }

  template <typename Call>
  Result call_safely(const Operand& name, const Node& node, const Call& call) {
    try {
      return call();
    } catch (const Error& error) {
      enter(node);
      fail(fmt::format("error calling {}: {}", name.text, error.what()));
    }
  }

  /// `and` and `or` stop at the argument that decides.
  Result short_circuit(const Operand& name, const Result& dot, const Arguments& arguments) {
    const bool decisive = name.text == "or";
    Result result;
    for (const Operand& operand : arguments.written) {
      result = evaluate_argument(operand, dot, Parameter::any);
      if (result.value.is_true() == decisive) return result;
    }
    return arguments.handed_on ? *arguments.handed_on : result;
  }

  std::vector<Result> evaluate_arguments(const Result& dot, const Arguments& arguments, Parameter first) {
    std::vector<Result> results;
    for (const Operand& operand : arguments.written) {
      results.push_back(evaluate_argument(operand, dot, results.empty() ? first : Parameter::any));
    }
    if (arguments.handed_on) {
      results.push_back(checked(*arguments.handed_on, results.empty() ? first : Parameter::any));
    }
    return results;
  }

  Result evaluate_argument(const Operand& operand, const Result& dot, Parameter parameter) {
    enter(operand);
    switch (operand.kind) {
      case OperandKind::dot:
        return checked(dot, parameter);
      case OperandKind::nil:
        if (parameter == Parameter::text) fail("cannot assign nil to string");
        return {};
      case OperandKind::field:
      case OperandKind::variable:
      case OperandKind::chain:
        return checked(evaluate_fields(operand, dot, {}), parameter);
      case OperandKind::pipeline:
        return checked(evaluate(*operand.pipeline, dot), parameter);
      case OperandKind::function:
        return checked(call_function(operand, operand, dot, {}), parameter);
      case OperandKind::literal:
        break;
    }
    if (parameter == Parameter::text && operand.value.kind() != Kind::text) {
      fail("expected string; found " + operand.source());
    }
    return literal(operand);
  }

  Result checked(const Result& result, Parameter parameter) const {
    const Value& value = result.value;
    if (parameter == Parameter::any || value.kind() == Kind::text) return result;
    if (value.is_nil() && !result.boxed) fail("invalid value; expected string");
    fail("wrong type for value; expected string; got " + (value.is_nil() ? result.type() : value.type()));
  }

  const Syntax& syntax_;
  const Functions& functions_;
  Numbers numbers_;
  std::vector<Variable> variables_;
  const Node* node_ = nullptr;
  std::string_view name_;
  int depth_ = 0;
  std::string out_;
};

}  // namespace

std::string execute(const Syntax& syntax, const Functions& functions, const Value& data, Numbers numbers) {
  return Executor(syntax, functions, data, numbers).run();
}

}  // namespace dm::text_template
