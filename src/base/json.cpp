// JSON as Go writes it.
#include "base/json.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"

namespace dm {
namespace {

std::string escaped(const Json& text) {
  std::string quoted = text.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const auto& [from, to] : {std::pair{"&", "\\u0026"},
                                 {"<", "\\u003c"},
                                 {">", "\\u003e"},
                                 {"\u2028", "\\u2028"},
                                 {"\u2029", "\\u2029"}}) {
    quoted = replace_all(std::move(quoted), from, to);
  }
  return quoted;
}

void write(const Json& value, int indent, int depth, std::string& out) {
  const auto new_line = [&](int level) {
    if (indent > 0) out += '\n' + std::string(static_cast<size_t>(indent) * level, ' ');
  };
  if (value.is_object() || value.is_array()) {
    const bool object = value.is_object();
    out += object ? '{' : '[';
    bool first = true;
    for (const auto& item : value.items()) {
      if (!first) out += ',';
      first = false;
      new_line(depth + 1);
      if (object) out += escaped(Json(item.key())) + (indent > 0 ? ": " : ":");
      write(item.value(), indent, depth + 1, out);
    }
    if (!first) new_line(depth);
    out += object ? '}' : ']';
  } else if (value.is_string()) {
    out += escaped(value);
  } else {
    out += value.dump();
  }
}

/// What is wrong with a document, in Go's words as far as they go; the parser's own ones name its insides.
std::string fault_of(std::string_view text, const Json::parse_error& error) {
  if (error.byte == 0 || error.byte > text.size()) return "unexpected end of JSON input";
  const std::string_view before = text.substr(0, error.byte - 1);
  const auto line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const std::string letter = go_quote(text.substr(error.byte - 1, 1));
  return fmt::format("invalid character '{}' at line {}, column {}", letter.substr(1, letter.size() - 2),
                     std::ranges::count(before, '\n') + 1, before.size() - line_begin + 1);
}

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(fault_of(text, error));
  } catch (const Json::exception& error) {
    throw Error(error.what());
  }
}

std::string go_json(const Json& value, int indent) {
  std::string out;
  write(value, indent, 0, out);
  return out;
}

std::string key_in(const Json& object, std::string_view key) {
  std::string name(key);
  if (!object.is_object() || object.contains(name)) return name;
  const std::string wanted = lower(key);
  for (const auto& item : object.items()) {
    if (item.key().size() == wanted.size() && lower(item.key()) == wanted) return item.key();
  }
  return name;
}

std::string text_of(const Json& object, std::string_view key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key_in(object, key));
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

long long number_of(const Json& object, std::string_view key, long long otherwise) {
  if (!object.is_object()) return otherwise;
  const auto found = object.find(key_in(object, key));
  return found != object.end() && found->is_number() ? found->get<long long>() : otherwise;
}

}  // namespace dm
