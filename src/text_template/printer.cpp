// Prints one value as Go's fmt does.
#include "text_template/printer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "text_template/quote.h"
#include "text_template/utf8.h"

namespace dm::text_template {

namespace {

std::string upper(std::string text) {
  for (char& character : text) {
    if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  }
  return text;
}

// The shortest digits that give the same number back. Go's limits for the form with an exponent differ from
// to_chars' own.
std::string shortest_float(double number) {
  std::array<char, 400> buffer{};
  const auto write = [&](std::chars_format format) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
    return std::string(buffer.data(), end);
  };
  const std::string scientific = write(std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  constexpr int first_exponent = 6;
  return exponent < -4 || exponent >= first_exponent ? scientific : write(std::chars_format::fixed);
}

std::string precise_float(double number, std::chars_format format, int precision) {
  std::string buffer(static_cast<std::size_t>(precision) + 400, '\0');
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format, precision).ptr;
  buffer.resize(static_cast<std::size_t>(end - buffer.data()));
  return buffer;
}

bool is_whole(double number) {
  constexpr double integers_end = 9223372036854775808.0;
  return number == std::trunc(number) && number >= -integers_end && number < integers_end;
}

}  // namespace

void Printer::pad(std::string_view text) {
  const std::size_t length = count_characters(text);
  const auto width = static_cast<std::size_t>(flags_.width.value_or(0));
  const std::size_t missing = width > length ? width - length : 0;
  if (flags_.minus) {
    out_.append(text).append(missing, ' ');
  } else {
    out_.append(missing, flags_.zero ? '0' : ' ').append(text);
  }
}

void Printer::print_bad_verb(char32_t verb, const Value& value) {
  reports_bad_verb_ = true;
  out_ += "%!" + encode_utf8(verb) + "(";
  if (value.is_nil()) {
    out_ += "<nil>";
  } else {
    out_ += value.type() + "=";
    print_at(value, 'v');
  }
  out_ += ")";
  reports_bad_verb_ = false;
}

void Printer::print(const Value& value, char32_t verb) {
  if (verb == 'T') {
    pad(value.type());
  } else if (verb == 'p') {
    print_bad_verb(verb, value);
  } else if (value.is_nil() && verb == 'v') {
    pad("<nil>");
  } else {
    print_at(value, verb);
  }
}

void Printer::print_at(const Value& value, char32_t verb) {
  constexpr std::u32string_view text_verbs = U"vsxXq";
  if (value.printed() != nullptr && !reports_bad_verb_ && !flags_.go_syntax && text_verbs.contains(verb)) {
    print_text(*value.printed(), verb, value);
    return;
  }
  switch (value.kind()) {
    case Value::Kind::nil:
      print_bad_verb(verb, value);
      break;
    case Value::Kind::boolean:
      print_boolean(value, verb);
      break;
    case Value::Kind::integer:
      print_integer(value.integer(), verb, value);
      break;
    case Value::Kind::number:
      print_number(value, verb);
      break;
    case Value::Kind::text:
      print_text(value.text(), verb, value);
      break;
    case Value::Kind::list:
      print_list(value, verb);
      break;
    case Value::Kind::map:
      print_map(value, verb);
      break;
    case Value::Kind::record:
      print_record(value, verb);
      break;
  }
}

void Printer::print_boolean(const Value& value, char32_t verb) {
  if (verb != 't' && verb != 'v') return print_bad_verb(verb, value);
  pad(value.boolean() ? "true" : "false");
}

void Printer::print_text(std::string_view text, char32_t verb, const Value& value) {
  const auto shown =
      flags_.precision ? first_characters(text, static_cast<std::size_t>(*flags_.precision)) : text;
  switch (verb) {
    case 'v':
    case 's':
      if (!flags_.go_syntax) return pad(shown);
      return pad(quote(shown));
    case 'q':
      if (flags_.sharp && can_be_raw(shown)) return pad("`" + std::string(shown) + "`");
      return pad(quote(shown, flags_.plus ? Charset::ascii : Charset::utf8));
    case 'x':
      return print_hex(text, Case::lower);
    case 'X':
      return print_hex(text, Case::upper);
    default:
      print_bad_verb(verb, value);
  }
}

void Printer::print_hex(std::string_view text, Case letters) {
  if (flags_.precision) text = text.substr(0, static_cast<std::size_t>(*flags_.precision));
  std::string digits;
  for (const char character : text) {
    if (flags_.space && !digits.empty()) digits += ' ';
    if (flags_.sharp && (flags_.space || digits.empty())) digits += "0x";
    digits += fmt::format("{:02x}", static_cast<unsigned char>(character));
  }
  pad(letters == Case::upper ? upper(digits) : digits);
}

void Printer::print_integer(std::int64_t integer, char32_t verb, const Value& value) {
  const auto character =
      integer < 0 || integer > 0x10FFFF ? char32_t{0xFFFD} : static_cast<char32_t>(integer);
  switch (verb) {
    case 'v':
    case 'd':
      return print_digits(integer, 10, Case::lower, "");
    case 'b':
      return print_digits(integer, 2, Case::lower, flags_.sharp ? "0b" : "");
    case 'o':
      return print_digits(integer, 8, Case::lower, flags_.sharp ? "0" : "");
    case 'O':
      return print_digits(integer, 8, Case::lower, "0o");
    case 'x':
      return print_digits(integer, 16, Case::lower, flags_.sharp ? "0x" : "");
    case 'X':
      return print_digits(integer, 16, Case::upper, flags_.sharp ? "0X" : "");
    case 'c':
      return pad(encode_utf8(character));
    case 'q':
      return pad(quote_character(character, flags_.plus ? Charset::ascii : Charset::utf8));
    case 'U': {
      const bool is_shown = flags_.sharp && is_printable(character);
      const auto code = static_cast<std::uint64_t>(integer);
      flags_.zero = false;
      return pad(fmt::format("U+{:0{}X}", code, std::max(4, flags_.precision.value_or(0))) +
                 (is_shown ? " '" + encode_utf8(character) + "'" : ""));
    }
    default:
      print_bad_verb(verb, value);
  }
}

void Printer::print_digits(std::int64_t integer, int base, Case letters, std::string_view prefix) {
  const bool is_negative = integer < 0;
  const auto bits = static_cast<std::uint64_t>(integer);
  const std::uint64_t size = is_negative ? 0 - bits : bits;
  std::array<char, 70> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), size, base).ptr;
  std::string digits(buffer.data(), end);
  const std::string sign = is_negative ? "-" : flags_.plus ? "+" : flags_.space ? " " : "";
  int least = 0;
  if (flags_.precision) {
    least = *flags_.precision;
    if (least == 0 && integer == 0) digits.clear();
  } else if (flags_.zero) {
    least = flags_.width.value_or(0) - static_cast<int>(sign.size());
  }
  if (static_cast<int>(digits.size()) < least) {
    digits.insert(0, static_cast<std::size_t>(least) - digits.size(), '0');
  }
  if (prefix == "0" && digits.starts_with('0')) prefix = "";
  const bool zero = std::exchange(flags_.zero, false);
  const bool prints_nothing = digits.empty();
  pad(prints_nothing ? "" : sign + std::string(prefix) + (letters == Case::upper ? upper(digits) : digits));
  flags_.zero = zero;
}

void Printer::print_number(const Value& value, char32_t verb) {
  const double number = value.number();
  if (numbers_ == Numbers::plain && is_whole(number) && (verb == 'v' || verb == 'd')) {
    return print_integer(static_cast<std::int64_t>(number), verb, value);
  }
  const int precision = flags_.precision.value_or(6);
  switch (verb) {
    case 'v':
    case 'g':
      if (!flags_.precision) return print_signed(shortest_float(number));
      return print_signed(precise_float(number, std::chars_format::general, precision));
    case 'G':
      if (!flags_.precision) return print_signed(upper(shortest_float(number)));
      return print_signed(upper(precise_float(number, std::chars_format::general, precision)));
    case 'f':
    case 'F':
      return print_signed(precise_float(number, std::chars_format::fixed, precision));
    case 'e':
      return print_signed(precise_float(number, std::chars_format::scientific, precision));
    case 'E':
      return print_signed(upper(precise_float(number, std::chars_format::scientific, precision)));
    default:
      print_bad_verb(verb, value);
  }
}

void Printer::print_signed(std::string text) {
  std::string sign = flags_.plus ? "+" : flags_.space ? " " : "";
  if (text.starts_with('-')) {
    sign = "-";
    text.erase(0, 1);
  }
  // The sign stands before zeros that fill up, and after blanks.
  const auto width = static_cast<std::size_t>(flags_.width.value_or(0));
  if (flags_.zero && width > sign.size() + text.size()) {
    text.insert(0, width - sign.size() - text.size(), '0');
  }
  pad(sign + text);
}

void Printer::print_element(const Value& element, Elements elements, char32_t verb) {
  if (element.is_nil()) {
    out_ += flags_.go_syntax && elements == Elements::any ? "interface {}(nil)" : "<nil>";
  } else {
    print_at(element, verb);
  }
}

void Printer::print_list(const Value& value, char32_t verb) {
  out_ += flags_.go_syntax ? value.type() + "{" : "[";
  bool is_first = true;
  for (const Value& item : value.list()) {
    if (!std::exchange(is_first, false)) out_ += flags_.go_syntax ? ", " : " ";
    print_element(item, value.elements(), verb);
  }
  out_ += flags_.go_syntax ? "}" : "]";
}

void Printer::print_map(const Value& value, char32_t verb) {
  out_ += flags_.go_syntax ? value.type() + "{" : "map[";
  bool is_first = true;
  for (const auto& [key, item] : value.map()) {
    if (!std::exchange(is_first, false)) out_ += flags_.go_syntax ? ", " : " ";
    print_text(key, verb, key);
    out_ += ":";
    print_element(item, value.elements(), verb);
  }
  out_ += flags_.go_syntax ? "}" : "]";
}

void Printer::print_record(const Value& value, char32_t verb) {
  if (value.is_null_pointer()) {
    if (flags_.go_syntax) {
      out_ += "(" + value.type() + ")(nil)";
    } else if (verb == 'v') {
      pad("<nil>");
    } else {
      out_ += "%!" + encode_utf8(verb) + "(" + value.type() + "=<nil>)";
    }
    return;
  }
  // Go prints the address of a pointer inside of something; its content says more.
  if (value.is_pointer()) out_ += "&";
  if (flags_.go_syntax) out_ += value.dereferenced().type();
  out_ += "{";
  bool is_first = true;
  for (const auto& [name, field] : value.fields()) {
    if (!std::exchange(is_first, false)) out_ += flags_.go_syntax ? ", " : " ";
    if (flags_.field_names || flags_.go_syntax) out_ += name + ":";
    print_element(field, Elements::any, verb);
  }
  out_ += "}";
}

}  // namespace dm::text_template
