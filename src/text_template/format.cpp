// Prints values one after the other, or in a format, as Go's fmt does.
#include "text_template/format.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "text_template/printer.h"
#include "text_template/utf8.h"

namespace dm::text_template {

namespace {

/// Works through a format and its values.
class Directives {
 public:
  Directives(std::string_view format, std::span<const Value> values, Numbers numbers)
      : format_(format), values_(values), printer_(numbers) {}

  std::string run();

 private:
  void read_flags();
  void read_directive();
  std::optional<int> read_number();
  std::optional<int> read_size(std::string_view error);
  void print_extra_values();

  std::string_view format_;
  std::size_t position_ = 0;
  std::span<const Value> values_;
  std::size_t argument_ = 0;
  Printer::Flags flags_;
  Printer printer_;
};

std::optional<int> Directives::read_number() {
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

/// A width or precision, which may be an argument (*).
std::optional<int> Directives::read_size(std::string_view error) {
  if (position_ >= format_.size() || format_[position_] != '*') return read_number();
  ++position_;
  constexpr std::int64_t limit = 1'000'000;
  const Value value = argument_ < values_.size() ? values_[argument_] : Value();
  if (argument_ < values_.size()) ++argument_;
  if (value.kind() == Value::Kind::integer && value.integer() >= -limit && value.integer() <= limit) {
    return static_cast<int>(value.integer());
  }
  printer_.add(error);
  return std::nullopt;
}

void Directives::read_flags() {
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
void Directives::read_directive() {
  read_flags();
  flags_.width = read_size("%!(BADWIDTH)");
  if (flags_.width.value_or(0) < 0) {
    flags_.width = -*flags_.width;
    flags_.minus = true;
    flags_.zero = false;
  }
  if (position_ + 1 < format_.size() && format_[position_] == '.') {
    ++position_;
    const bool is_argument = position_ < format_.size() && format_[position_] == '*';
    flags_.precision = read_size("%!(BADPREC)");
    if (!flags_.precision && !is_argument) flags_.precision = 0;
    if (flags_.precision.value_or(0) < 0) {
      flags_.precision.reset();
      printer_.add("%!(BADPREC)");
    }
  }
  if (position_ >= format_.size()) {
    printer_.add("%!(NOVERB)");
    return;
  }
  const CodePoint verb = decode_utf8(format_, position_);
  position_ += verb.width;
  if (verb.value == '%') {
    printer_.add("%");
  } else if (argument_ >= values_.size()) {
    printer_.add("%!" + encode_utf8(verb.value) + "(MISSING)");
  } else {
    if (verb.value == 'v') {
      flags_.go_syntax = std::exchange(flags_.sharp, false);
      flags_.field_names = std::exchange(flags_.plus, false);
    }
    printer_.use(flags_);
    printer_.print(values_[argument_++], verb.value);
  }
}

void Directives::print_extra_values() {
  printer_.use({});
  printer_.add("%!(EXTRA ");
  for (std::size_t index = argument_; index < values_.size(); ++index) {
    if (index > argument_) printer_.add(", ");
    if (!values_[index].is_nil()) printer_.add(values_[index].type() + "=");
    printer_.print(values_[index], 'v');
  }
  printer_.add(")");
}

std::string Directives::run() {
  while (position_ < format_.size()) {
    const std::size_t percent = std::min(format_.find('%', position_), format_.size());
    printer_.add(format_.substr(position_, percent - position_));
    position_ = percent;
    if (position_ == format_.size()) break;
    ++position_;
    read_directive();
  }
  if (argument_ < values_.size()) print_extra_values();
  return printer_.text();
}

}  // namespace

std::string print(std::span<const Value> values, Numbers numbers) {
  Printer printer(numbers);
  bool follows_text = true;
  for (const Value& value : values) {
    const bool is_text = value.kind() == Value::Kind::text;
    if (!is_text && !follows_text) printer.add(" ");
    printer.print(value, 'v');
    follows_text = is_text;
  }
  return printer.text();
}

std::string print_line(std::span<const Value> values, Numbers numbers) {
  Printer printer(numbers);
  for (const Value& value : values) {
    if (&value != &values.front()) printer.add(" ");
    printer.print(value, 'v');
  }
  printer.add("\n");
  return printer.text();
}

std::string print_format(std::string_view format, std::span<const Value> values, Numbers numbers) {
  return Directives(format, values, numbers).run();
}

}  // namespace dm::text_template
