// Prints values as Go's fmt does.
#include "text_template/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "text_template/utf8.h"

namespace dm::text_template {

namespace {

enum class Charset { utf8, ascii };
enum class Case { lower, upper };

std::string upper(std::string text) {
  for (char& character : text) {
    if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  }
  return text;
}

std::string escaped(char32_t character, char quote, Charset charset) {
  if (character == static_cast<char32_t>(quote) || character == '\\') {
    return {'\\', static_cast<char>(character)};
  }
  if (is_printable(character) && (character < 0x80 || charset == Charset::utf8)) {
    return encode_utf8(character);
  }
  constexpr std::string_view characters = "\a\b\t\n\v\f\r";
  constexpr std::string_view letters = "abtnvfr";
  if (character >= '\a' && character <= '\r') {
    return {'\\', letters[characters.find(static_cast<char>(character))]};
  }
  const auto code = static_cast<std::uint32_t>(character);
  if (code < ' ' || code == 0x7F) return fmt::format("\\x{:02x}", code);
  return code < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
}

std::string quoted(std::string_view text, Charset charset) {
  std::string result = "\"";
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint character = decode_utf8(text, position);
    const auto byte = static_cast<unsigned char>(text[position]);
    result += character.width == 1 && byte >= 0x80 ? fmt::format("\\x{:02x}", byte)
                                                   : escaped(character.value, '"', charset);
    position += character.width;
  }
  return result + '"';
}

bool can_be_raw(std::string_view text) {
  return std::ranges::none_of(text, [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < ' ' && byte != '\t') || byte == '`' || byte == 0x7F;
  });
}

// The shortest digits that give the same number back; an exponent from 21 on would be to_chars' own rule, so Go's
// limits (below -4, from 21 digits on) are applied here.
std::string shortest_float(double number) {
  std::array<char, 400> buffer{};
  const auto write = [&](std::chars_format format) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
    return std::string(buffer.data(), end);
  };
  const std::string scientific = write(std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  constexpr int largest_exponent = 21;
  return exponent < -4 || exponent >= largest_exponent ? scientific : write(std::chars_format::fixed);
}

std::string precise_float(double number, std::chars_format format, int precision) {
  std::string buffer(static_cast<std::size_t>(precision) + 400, '\0');
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format, precision).ptr;
  buffer.resize(static_cast<std::size_t>(end - buffer.data()));
  return buffer;
}

bool is_whole(double number) {
  constexpr double integers_end = 9223372036854775808.0;
  return number == std::trunc(number) && number >= -integers_end && number < integers_end;
}

/// One call of a printing function.
class Printer {
 public:
  explicit Printer(Numbers numbers) : numbers_(numbers) {}

  void print_value(const Value& value, char32_t verb);
  void print_format(std::string_view format, std::span<const Value> values);
  void add(std::string_view text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  struct Flags {
    bool plus = false;
    bool minus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    bool field_names = false;  // %+v
    bool go_syntax = false;    // %#v
    std::optional<int> width;
    std::optional<int> precision;
  };
  enum class Depth { top, inside };

  void pad(std::string_view text);
  void print_at(const Value& value, char32_t verb, Depth depth);
  void print_text(std::string_view text, char32_t verb, const Value& value);
  void print_hex(std::string_view text, Case letters);
  void print_boolean(const Value& value, char32_t verb);
  void print_integer(std::int64_t integer, char32_t verb, const Value& value);
  void print_digits(std::int64_t integer, int base, Case letters, std::string_view prefix);
  void print_number(const Value& value, char32_t verb);
  void print_signed(std::string text);
  void print_list(const Value& value, char32_t verb);
  void print_map(const Value& value, char32_t verb);
  void print_record(const Value& value, char32_t verb, Depth depth);
  void print_element(const Value& element, Elements elements, char32_t verb);
  void print_bad_verb(char32_t verb, const Value& value);

  void read_flags();
  void read_directive();
  void read_argument_number();
  std::optional<int> read_number();
  std::optional<int> read_size(std::string_view error);
  void print_extra_values();

  Numbers numbers_;
  std::string out_;
  Flags flags_;
  bool reports_bad_verb_ = false;

  // The format that is being worked through.
  std::string_view format_;
  std::size_t position_ = 0;
  std::span<const Value> values_;
  std::size_t argument_ = 0;
  bool is_reordered_ = false;
  bool good_argument_ = true;
  bool after_number_ = false;
};

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
    print_at(value, 'v', Depth::top);
  }
  out_ += ")";
  reports_bad_verb_ = false;
}

void Printer::print_value(const Value& value, char32_t verb) {
  if (verb == 'T') {
    pad(value.type());
  } else if (verb == 'p') {
    print_bad_verb(verb, value);
  } else if (value.is_nil() && verb == 'v') {
    pad("<nil>");
  } else {
    print_at(value, verb, Depth::top);
  }
}

void Printer::print_at(const Value& value, char32_t verb, Depth depth) {
  constexpr std::u32string_view text_verbs = U"vsxXq";
  if (value.printed() != nullptr && !reports_bad_verb_ && !flags_.go_syntax &&
      text_verbs.contains(verb)) {
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
      print_record(value, verb, depth);
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
      return pad(quoted(shown, Charset::utf8));
    case 'q':
      if (flags_.sharp && can_be_raw(shown)) return pad("`" + std::string(shown) + "`");
      return pad(quoted(shown, flags_.plus ? Charset::ascii : Charset::utf8));
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
  const auto character = integer < 0 || integer > 0x10FFFF ? char32_t{0xFFFD}
                                                           : static_cast<char32_t>(integer);
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
      return pad("'" + escaped(character, '\'', flags_.plus ? Charset::ascii : Charset::utf8) + "'");
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
    print_at(element, verb, Depth::inside);
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

void Printer::print_record(const Value& value, char32_t verb, Depth depth) {
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
  static_cast<void>(depth);
}

std::optional<int> Printer::read_number() {
  constexpr int limit = 1'000'000;
  std::optional<int> number;
  while (position_ < format_.size() && format_[position_] >= '0' && format_[position_] <= '9') {
    if (number.value_or(0) > limit) {
      position_ = format_.size();
      return std::nullopt;
    }
    number = number.value_or(0) * 10 + (format_[position_++] - '0');
  }
  return number;
}

/// The explicit number of an argument, as in %[2]d.
void Printer::read_argument_number() {
  after_number_ = false;
  if (position_ >= format_.size() || format_[position_] != '[') return;
  is_reordered_ = true;
  const std::size_t close = format_.find(']', position_);
  if (close == std::string_view::npos) {
    good_argument_ = false;
    ++position_;
    return;
  }
  ++position_;
  const std::optional<int> number = read_number();
  const bool is_good = number && position_ == close;
  position_ = close + 1;
  after_number_ = is_good;
  if (is_good && *number >= 1 && static_cast<std::size_t>(*number) <= values_.size()) {
    argument_ = static_cast<std::size_t>(*number) - 1;
  } else {
    good_argument_ = false;
  }
}

/// A width or precision, which may be an argument (*).
std::optional<int> Printer::read_size(std::string_view error) {
  if (position_ >= format_.size() || format_[position_] != '*') {
    const std::optional<int> number = read_number();
    if (after_number_ && number) good_argument_ = false;
    return number;
  }
  ++position_;
  after_number_ = false;
  constexpr std::int64_t limit = 1'000'000;
  const Value value = argument_ < values_.size() ? values_[argument_] : Value();
  if (argument_ < values_.size()) ++argument_;
  if (value.kind() == Value::Kind::integer && std::abs(value.integer()) <= limit) {
    return static_cast<int>(value.integer());
  }
  out_ += error;
  return std::nullopt;
}

void Printer::read_flags() {
  flags_ = {};
  for (; position_ < format_.size(); ++position_) {
    switch (format_[position_]) {
      case '#':
        flags_.sharp = true;
        break;
      case '0':
        flags_.zero = !flags_.minus;
        break;
      case '+':
        flags_.plus = true;
        break;
      case '-':
        flags_.minus = true;
        flags_.zero = false;
        break;
      case ' ':
        flags_.space = true;
        break;
      default:
        return;
    }
  }
}

/// What follows a percent sign.
void Printer::read_directive() {
  good_argument_ = true;
  read_flags();
  read_argument_number();
  flags_.width = read_size("%!(BADWIDTH)");
  if (flags_.width.value_or(0) < 0) {
    flags_.width = -*flags_.width;
    flags_.minus = true;
    flags_.zero = false;
  }
  if (position_ + 1 < format_.size() && format_[position_] == '.') {
    ++position_;
    if (after_number_) good_argument_ = false;
    read_argument_number();
    const bool is_argument = position_ < format_.size() && format_[position_] == '*';
    flags_.precision = read_size("%!(BADPREC)");
    if (!flags_.precision && !is_argument) flags_.precision = 0;
    if (flags_.precision.value_or(0) < 0) flags_.precision.reset();
  }
  if (!after_number_) read_argument_number();
  if (position_ >= format_.size()) {
    out_ += "%!(NOVERB)";
    return;
  }
  const CodePoint verb = decode_utf8(format_, position_);
  position_ += verb.width;
  if (verb.value == '%') {
    out_ += '%';
  } else if (!good_argument_) {
    out_ += "%!" + encode_utf8(verb.value) + "(BADINDEX)";
  } else if (argument_ >= values_.size()) {
    out_ += "%!" + encode_utf8(verb.value) + "(MISSING)";
  } else {
    if (verb.value == 'v') {
      flags_.go_syntax = std::exchange(flags_.sharp, false);
      flags_.field_names = std::exchange(flags_.plus, false);
    }
    print_value(values_[argument_++], verb.value);
  }
}

void Printer::print_extra_values() {
  flags_ = {};
  out_ += "%!(EXTRA ";
  for (std::size_t index = argument_; index < values_.size(); ++index) {
    if (index > argument_) out_ += ", ";
    if (!values_[index].is_nil()) out_ += values_[index].type() + "=";
    print_value(values_[index], 'v');
  }
  out_ += ")";
}

void Printer::print_format(std::string_view format, std::span<const Value> values) {
  format_ = format;
  values_ = values;
  while (position_ < format_.size()) {
    const std::size_t percent = std::min(format_.find('%', position_), format_.size());
    out_ += format_.substr(position_, percent - position_);
    position_ = percent;
    if (position_ == format_.size()) break;
    ++position_;
    read_directive();
  }
  if (!is_reordered_ && argument_ < values_.size()) print_extra_values();
}

}  // namespace

std::string print(std::span<const Value> values, Numbers numbers) {
  Printer printer(numbers);
  bool follows_text = true;
  for (const Value& value : values) {
    const bool is_text = value.kind() == Value::Kind::text;
    if (!is_text && !follows_text) printer.add(" ");
    printer.print_value(value, 'v');
    follows_text = is_text;
  }
  return printer.take();
}

std::string print_line(std::span<const Value> values, Numbers numbers) {
  Printer printer(numbers);
  for (const Value& value : values) {
    if (&value != &values.front()) printer.add(" ");
    printer.print_value(value, 'v');
  }
  printer.add("\n");
  return printer.take();
}

std::string print_format(std::string_view format, std::span<const Value> values, Numbers numbers) {
  Printer printer(numbers);
  printer.print_format(format, values);
  return printer.take();
}

std::string quote(std::string_view text) { return quoted(text, Charset::utf8); }

}  // namespace dm::text_template
