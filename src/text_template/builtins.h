#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "text_template/format.h"
#include "text_template/value.h"

namespace dm::text_template {

/// What an expression gave. A boxed value sits in an element or field of type `interface {}`, and error
/// messages say so; nil that is not boxed is what Go calls an invalid value: a key that is missing.
struct Result {
  Value value;
  bool boxed = false;

  /// The name of its type, as error messages show it.
  std::string type() const { return boxed ? "interface {}" : value.type(); }
};

/// One of Go's predefined functions.
struct Builtin {
  enum class Arity { exact, variadic, short_circuit };

  std::string_view name;
  std::size_t required;
  Arity arity;
  /// Whether the first argument must be a string.
  bool wants_text_first;
  /// Does the work; Error with Go's text. Null for those that decide which arguments are evaluated.
  Result (*call)(std::span<const Result> arguments, Numbers numbers);
};

/// The predefined function of that name, or null.
const Builtin* find_builtin(std::string_view name);

}  // namespace dm::text_template
