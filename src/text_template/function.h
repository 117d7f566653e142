#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "text_template/value.h"

namespace dm::text_template {

/// A function that a template may call, with exactly `arity` arguments; an Error it throws becomes the
/// template's.
struct Function {
  std::size_t arity;
  std::function<Value(std::span<const Value>)> call;
};

/// Functions by name, besides Go's built-in ones; they win over those.
using Functions = std::map<std::string, Function, std::less<>>;

}  // namespace dm::text_template
