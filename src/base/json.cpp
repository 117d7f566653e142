// JSON as Go writes it.
#include "base/json.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace dm {
namespace {

std::string escaped(std::string_view text) {
  std::string result = "\"";
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint character = decode_utf8(text, position);
    const std::string_view bytes = text.substr(position, character.width);
    position += character.width;
    constexpr std::u32string_view named = U"\n\r\t\"\\";
    constexpr std::string_view names = "nrt\"\\";
    if (const auto name = named.find(character.value); name != std::u32string_view::npos) {
      result.append("\\") += names[name];
    } else if (character.value < ' ' || std::u32string_view(U"<>&\u2028\u2029").contains(character.value) ||
               (character.width == 1 && character.value >= 0x80)) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(character.value));
    } else {
      result += bytes;
    }
  }
  return result + '"';
}

// The shortest digits that give the same number back.
std::string written(double number) {
  std::array<char, 32> buffer{};
  const auto as = [&](std::chars_format format) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
    return std::string(buffer.data(), end);
  };
  const double size = std::abs(number);
  constexpr double last_exact = 9007199254740992;
  if (size == 0 || (size >= 1e-6 && size < last_exact)) return as(std::chars_format::fixed);
  std::string text = as(std::chars_format::scientific);
  if (size < last_exact || size >= 1e21) {
    // One digit is enough for a small exponent: 1e-7.
    if (const auto exponent = text.find("e-0"); exponent != std::string::npos) text.erase(exponent + 2, 1);
    return text;
  }
  // to_chars would write what the number is exactly, Go writes zeros.
  const auto digits = static_cast<std::size_t>(std::stoi(text.substr(text.find('e') + 1))) + 1;
  text.resize(text.find('e'));
  std::erase(text, '.');
  return text.append(digits + (number < 0 ? 1 : 0) - text.size(), '0');
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
      if (object) out += escaped(item.key()) + (indent > 0 ? ": " : ":");
      write(item.value(), indent, depth + 1, out);
    }
    if (!first) new_line(depth);
    out += object ? '}' : ']';
  } else if (value.is_string()) {
    out += escaped(value.get_ref<const std::string&>());
  } else if (value.is_number_float()) {
    out += written(value.get<double>());
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
