// JSON as Go writes it.
#include "base/json.h"

#include <fmt/core.h>

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

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(error.what());
  }
}

std::string go_json(const Json& value, int indent) {
  std::string out;
  write(value, indent, 0, out);
  return out;
}

std::string text_of(const Json& object, std::string_view key) {
  if (!object.is_object()) return {};
  const auto found = object.find(std::string(key));
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

long long number_of(const Json& object, std::string_view key, long long otherwise) {
  if (!object.is_object()) return otherwise;
  const auto found = object.find(std::string(key));
  return found != object.end() && found->is_number() ? found->get<long long>() : otherwise;
}

}  // namespace dm
