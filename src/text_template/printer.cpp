// Prints one value as Go's fmt does.
#include "text_template/printer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "base/utf8.h"
#include "text_template/float_text.h"
#include "text_template/quote.h"

namespace dm::text_template {

namespace {

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
    pad(value.is_nil() ? "<nil>" : shortened(value.type()));
  } else if (value.is_nil() && verb == 'v') {
    pad("<nil>");
  } else if (verb == 'w' || (verb == 'p' && !value.is_null_pointer())) {
    print_bad_verb(verb, value);
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
    case Value::Kind::complex:
      print_complex(value, verb);
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

std::string_view Printer::shortened(std::string_view text) const {
  return flags_.precision ? first_characters(text, static_cast<std::size_t>(*flags_.precision)) : text;
}

void Printer::print_text(std::string_view text, char32_t verb, const Value& value) {
  const std::string_view shown = shortened(text);
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
      if (flags_.go_syntax && value.type() == "uint8") {
        return print_digits(integer, 16, Case::lower, "0x");
      }
      [[fallthrough]];
    case 'd':
      return print_digits(integer, 10, Case::lower, "");
    case 'b':
      return print_digits(integer, 2, Case::lower, flags_.sharp ? "0b" : "");
    case 'o':
      return print_digits(integer, 8, Case::lower, flags_.sharp ? "0" : "");
    case 'O':
      return print_digits(integer, 8, Case::lower, flags_.sharp && integer != 0 ? "0o0" : "0o");
    case 'x':
      return print_digits(integer, 16, Case::lower, flags_.sharp ? "0x" : "");
    case 'X':
      return print_digits(integer, 16, Case::upper, flags_.sharp ? "0X" : "");
    case 'c':
      return pad(encode_utf8(character));
    case 'q':
      return pad(quote_character(character, flags_.plus ? Charset::ascii : Charset::utf8));
    case 'U': {
      const bool is_shown = flags_.sharp && integer == character && is_printable(character);
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
  const auto print_as = [&](char32_t form, std::optional<int> precision) {
    if (flags_.precision) precision = flags_.precision;
    const std::string text = float_text(number, form, precision);
    print_signed(flags_.sharp && form != 'b' ? with_point(text, form, precision) : text);
  };
  switch (verb) {
    case 'v':
      return print_as('g', std::nullopt);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return print_as(verb, std::nullopt);
    case 'f':
    case 'e':
    case 'E':
      return print_as(verb, 6);
    case 'F':
      return print_as('f', 6);
    default:
      print_bad_verb(verb, value);
  }
}

void Printer::print_complex(const Value& value, char32_t verb) {
  constexpr std::u32string_view verbs = U"vbgGxXfFeE";
  if (!verbs.contains(verb)) return print_bad_verb(verb, value);
  out_ += "(";
  print_number(value.complex().real(), verb);
  const bool plus = std::exchange(flags_.plus, true);
  print_number(value.complex().imag(), verb);
  flags_.plus = plus;
  out_ += "i)";
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
  } else if (element.is_pointer() && !element.is_null_pointer() &&
             !std::u32string_view(U"vbodxXp").contains(verb)) {
    print_bad_verb(verb, element);
  } else {
    print_at(element, verb);
  }
}

void Printer::print_list(const Value& value, char32_t verb) {
  if (flags_.go_syntax && value.is_null_list()) {
    out_ += value.type() + "(nil)";
    return;
  }
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
    } else if (verb == 'p') {
      print_digits(0, 16, Case::lower, flags_.sharp ? "" : "0x");
    } else if (std::u32string_view(U"bodxX").contains(verb)) {
      print_integer(0, verb, value);
    } else {
      print_bad_verb(verb, value);
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
