// The functions that Go predefines in templates.
#include "text_template/builtins.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/utf8.h"

namespace dm::text_template {

namespace {

using Arguments = std::span<const Result>;
using Kind = Value::Kind;

std::vector<Value> values_of(Arguments arguments) {
  std::vector<Value> values;
  values.reserve(arguments.size());
  for (const Result& argument : arguments) values.push_back(argument.value);
  return values;
}

// Printing

Result call_print(Arguments arguments, Numbers numbers) { return {print(values_of(arguments), numbers)}; }

Result call_print_line(Arguments arguments, Numbers numbers) {
  return {print_line(values_of(arguments), numbers)};
}

Result call_print_format(Arguments arguments, Numbers numbers) {
  return {print_format(arguments.front().value.text(), values_of(arguments.subspan(1)), numbers)};
}

// Escaping

/// The text that an escaping function works on: what the values look like when a template prints them.
std::string shown(Arguments arguments, Numbers numbers) {
  std::vector<Value> values = values_of(arguments);
  for (Value& value : values) {
    value = value.is_nil() ? Value("<no value>") : value.dereferenced();
  }
  return print(values, numbers);
}

Result call_html(Arguments arguments, Numbers numbers) {
  std::string result;
  for (const char character : shown(arguments, numbers)) {
    switch (character) {
      case '\0':
        result += encode_utf8(0xFFFD);
        break;
      case '"':
        result += "&#34;";
        break;
      case '\'':
        result += "&#39;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      default:
        result += character;
    }
  }
  return {result};
}

Result call_js(Arguments arguments, Numbers numbers) {
  const std::string text = shown(arguments, numbers);
  std::string result;
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint character = decode_utf8(text, position);
    const std::string_view bytes = std::string_view(text).substr(position, character.width);
    position += character.width;
    if (bytes == "\\" || bytes == "'" || bytes == "\"") {
      result.append("\\").append(bytes);
    } else if (bytes.find_first_of("<>&=") == 0 || (!is_printable(character.value) && bytes != "\x7F")) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(character.value));
    } else {
      result += bytes;
    }
  }
  return {result};
}

Result call_url_query(Arguments arguments, Numbers numbers) {
  std::string result;
  for (const char character : shown(arguments, numbers)) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_plain =
        (byte < 0x80 && is_alphanumeric(byte)) || std::string_view("-_.~").contains(character);
    result += is_plain ? std::string(1, character) : character == ' ' ? "+" : fmt::format("%{:02X}", byte);
  }
  return {result};
}

// Parts

/// Go lets an index be as large as the length, and fails at the access itself.
std::size_t checked_index(const Result& index, std::size_t length) {
  if (index.value.is_nil() && !index.boxed) throw Error("cannot index slice/array with nil");
  if (index.boxed || index.value.kind() != Kind::integer) {
    throw Error("cannot index slice/array with type " + index.type());
  }
  const std::int64_t position = index.value.integer();
  if (position < 0 || static_cast<std::uint64_t>(position) > length) {
    throw Error(fmt::format("index out of range: {}", position));
  }
  return static_cast<std::size_t>(position);
}

Result element(const Value& item, const Value& key) {
  if (item.is_null_pointer() || item.is_nil()) throw Error("index of nil pointer");
  switch (item.kind()) {
    case Kind::text: {
      const std::size_t position = checked_index({key}, item.text().size());
      if (position == item.text().size()) throw Error("reflect: string index out of range");
      return {Value(static_cast<unsigned char>(item.text()[position])).as("uint8")};
    }
    case Kind::list: {
      const std::size_t position = checked_index({key}, item.list().size());
      if (position == item.list().size()) throw Error("reflect: slice index out of range");
      return {item.list()[position], item.elements() == Elements::any};
    }
    case Kind::map: {
      if (key.is_nil()) throw Error("value is nil; should be of type string");
      if (key.kind() != Kind::text) {
        throw Error(fmt::format("value has type {}; should be string", key.type()));
      }
      const bool boxed = item.elements() == Elements::any;
      const auto found = item.map().find(key.text());
      if (found == item.map().end()) return {boxed ? Value() : Value(""), boxed};
      return {found->second, boxed};
    }
    default:
      throw Error("can't index item of type " + item.dereferenced().type());
  }
}

Result call_index(Arguments arguments, Numbers) {
  Result item = arguments.front();
  if (item.value.is_nil()) throw Error("index of untyped nil");
  for (const Result& index : arguments.subspan(1)) item = element(item.value, index.value);
  return item;
}

Result call_slice(Arguments arguments, Numbers) {
  const Value& item = arguments.front().value;
  const Arguments indexes = arguments.subspan(1);
  if (item.is_nil()) throw Error("slice of untyped nil");
  if (indexes.size() > 3) throw Error(fmt::format("too many slice indexes: {}", indexes.size()));
  const bool is_text = item.kind() == Kind::text;
  if (is_text && indexes.size() == 3) throw Error("cannot 3-index slice a string");
  if (!is_text && item.kind() != Kind::list) {
    throw Error("can't slice item of type " + item.type());
  }
  const std::size_t length = is_text ? item.text().size() : item.list().size();
  const std::size_t capacity = is_text ? length : length + item.behind().size();
  std::array<std::size_t, 3> bounds{0, length, capacity};
  for (std::size_t index = 0; index < indexes.size(); ++index) {
    bounds.at(index) = checked_index(indexes[index], capacity);
  }
  for (std::size_t index = 0; index < 2; ++index) {
    if (bounds.at(index) > bounds.at(index + 1)) {
      throw Error(fmt::format("invalid slice index: {} > {}", bounds.at(index), bounds.at(index + 1)));
    }
  }
  if (is_text) return {item.text().substr(bounds[0], bounds[1] - bounds[0])};
  Value::List items = item.list();
  items.insert(items.end(), item.behind().begin(), item.behind().end());
  const auto at = [&](std::size_t index) {
    return items.begin() + static_cast<std::ptrdiff_t>(bounds.at(index));
  };
  return {Value::list(Value::List(at(0), at(1)), item.elements(), Value::List(at(1), at(2)))};
}

Result call_len(Arguments arguments, Numbers) {
  const Value& item = arguments.front().value;
  if (item.is_null_pointer() || (item.is_nil() && arguments.front().boxed)) {
    throw Error("len of nil pointer");
  }
  switch (item.kind()) {
    case Kind::text:
      return {item.text().size()};
    case Kind::list:
      return {item.list().size()};
    case Kind::map:
      return {item.map().size()};
    case Kind::nil:
      throw Error("reflect: call of reflect.Value.Type on zero Value");
    default:
      throw Error("len of type " + item.dereferenced().type());
  }
}

Result call_call(Arguments arguments, Numbers) {
  const Value& callee = arguments.front().value;
  if (callee.is_nil()) throw Error("call of nil");
  throw Error("non-function of type " + callee.type());
}

// Comparison

Result call_not(Arguments arguments, Numbers) { return {!arguments.front().value.is_true()}; }

bool is_basic(const Value& value) { return value.kind() >= Kind::boolean && value.kind() <= Kind::text; }

bool is_nil_or_null(const Value& value) { return value.is_nil() || value.is_null_pointer(); }

/// The kind as far as comparing is concerned: all that is not basic is one.
Kind comparison_kind(const Value& value) { return is_basic(value) ? value.kind() : Kind::nil; }

bool are_equal(const Value& left, const Value& right, Numbers numbers) {
  if (comparison_kind(left) != comparison_kind(right)) {
    if (left.is_nil() || right.is_nil()) return false;
    throw Error("incompatible types for comparison");
  }
  switch (comparison_kind(left)) {
    case Kind::boolean:
      return left.boolean() == right.boolean();
    case Kind::integer:
      return left.integer() == right.integer();
    case Kind::number:
      return left.number() == right.number();
    case Kind::complex:
      return left.complex() == right.complex();
    case Kind::text:
      return left.text() == right.text();
    default:
      break;
  }
  const auto pointer_or_kind = [](const Value& value) { return std::pair(value.kind(), value.is_pointer()); };
  if (pointer_or_kind(left) != pointer_or_kind(right) && !left.is_nil() && !right.is_nil()) {
    throw Error(fmt::format("non-comparable types {}: {}, {}: {}",
                            print_format("%s", std::array{left}, numbers), left.type(), right.type(),
                            print_format("%v", std::array{right}, numbers)));
  }
  if (is_nil_or_null(left) || is_nil_or_null(right)) {
    return is_nil_or_null(left) == is_nil_or_null(right);
  }
  if (right.is_pointer()) return left.is_same(right);
  if (right.kind() != Kind::record) {
    throw Error(fmt::format("non-comparable type {}: {}", print_format("%s", std::array{right}, numbers),
                            right.type()));
  }
  return left.type() == right.type() &&
         std::ranges::equal(left.fields(), right.fields(), [&](const auto& one, const auto& other) {
           return are_equal(one.second, other.second, numbers);
         });
}

bool is_less(const Value& left, const Value& right) {
  if (!is_basic(left) || !is_basic(right)) throw Error("invalid type for comparison");
  if (left.kind() != right.kind()) throw Error("incompatible types for comparison");
  switch (left.kind()) {
    case Kind::integer:
      return left.integer() < right.integer();
    case Kind::number:
      return left.number() < right.number();
    case Kind::text:
      return left.text() < right.text();
    default:
      throw Error("invalid type for comparison");
  }
}

Result call_eq(Arguments arguments, Numbers numbers) {
  if (arguments.size() < 2) throw Error("missing argument for comparison");
  const Value& first = arguments.front().value;
  return {std::ranges::any_of(arguments.subspan(1),
                              [&](const Result& other) { return are_equal(first, other.value, numbers); })};
}

Result call_ne(Arguments arguments, Numbers numbers) {
  return {!are_equal(arguments[0].value, arguments[1].value, numbers)};
}

Result call_lt(Arguments arguments, Numbers) { return {is_less(arguments[0].value, arguments[1].value)}; }

Result call_le(Arguments arguments, Numbers numbers) {
  const Value& left = arguments[0].value;
  const Value& right = arguments[1].value;
  return {is_less(left, right) || are_equal(left, right, numbers)};
}

Result call_gt(Arguments arguments, Numbers numbers) {
  return {!call_le(arguments, numbers).value.boolean()};
}

Result call_ge(Arguments arguments, Numbers) { return {!is_less(arguments[0].value, arguments[1].value)}; }

using enum Builtin::Arity;

constexpr std::array<Builtin, 19> builtins{{
    {"and", 1, short_circuit, false, nullptr},
    {"call", 1, variadic, false, call_call},
    {"eq", 1, variadic, false, call_eq},
    {"ge", 2, exact, false, call_ge},
    {"gt", 2, exact, false, call_gt},
    {"html", 0, variadic, false, call_html},
    {"index", 1, variadic, false, call_index},
    {"js", 0, variadic, false, call_js},
    {"le", 2, exact, false, call_le},
    {"len", 1, exact, false, call_len},
    {"lt", 2, exact, false, call_lt},
    {"ne", 2, exact, false, call_ne},
    {"not", 1, exact, false, call_not},
    {"or", 1, short_circuit, false, nullptr},
    {"print", 0, variadic, false, call_print},
    {"printf", 1, variadic, true, call_print_format},
    {"println", 0, variadic, false, call_print_line},
    {"slice", 1, variadic, false, call_slice},
    {"urlquery", 0, variadic, false, call_url_query},
}};

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  const auto* const found = std::ranges::find(builtins, name, &Builtin::name);
  return found == builtins.end() ? nullptr : found;
}

}  // namespace dm::text_template
