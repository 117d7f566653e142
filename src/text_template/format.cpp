// Prints values one after the other, or in a format, as Go's fmt does.
#include "text_template/format.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "text_template/printer.h"

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
  void read_width();
  void read_precision();
  void read_directive();
  void read_index();
  std::optional<int> read_number();
  std::optional<int> read_argument();
  bool at(char character) const { return position_ < format_.size() && format_[position_] == character; }
  void print_extra_values();

  std::string_view format_;
  std::size_t position_ = 0;
  std::span<const Value> values_;
  std::size_t argument_ = 0;
  bool follows_index_ = false;
  bool index_is_good_ = true;
  bool was_reordered_ = false;
  Printer::Flags flags_;
  Printer printer_;
};

constexpr int largest_number = 1'000'000;

std::optional<int> Directives::read_number() {
  std::optional<int> number;
  while (position_ < format_.size() && format_[position_] >= '0' && format_[position_] <= '9') {
    if (number.value_or(0) > largest_number) {
      position_ = format_.size();
      return std::nullopt;
    }
    number = number.value_or(0) * 10 + (format_[position_++] - '0');
  }
  return number;
}

/// The value that a * stands for.
std::optional<int> Directives::read_argument() {
  ++position_;
  follows_index_ = false;
  if (argument_ >= values_.size()) return std::nullopt;
  const Value& value = values_[argument_++];
  const bool is_size = value.kind() == Value::Kind::integer && value.integer() >= -largest_number &&
                       value.integer() <= largest_number;
  return is_size ? std::optional(static_cast<int>(value.integer())) : std::nullopt;
}

/// The number of the next argument, in brackets from 1, if there is one.
void Directives::read_index() {
  follows_index_ = false;
  if (!at('[')) return;
  was_reordered_ = true;
  const std::size_t start = position_ + 1;
  const std::size_t end = format_.find(']', start);
  const bool is_closed = end != std::string_view::npos && format_.size() - position_ >= 3;
  std::optional<int> number;
  if (is_closed) {
    position_ = start;
    number = read_number();
    if (position_ != end) number.reset();
  }
  position_ = is_closed ? end + 1 : start;
  follows_index_ = number.has_value();
  if (number && *number >= 1 && static_cast<std::size_t>(*number) <= values_.size()) {
    argument_ = static_cast<std::size_t>(*number) - 1;
  } else {
    index_is_good_ = false;
  }
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

void Directives::read_width() {
  if (!at('*')) {
    flags_.width = read_number();
    if (follows_index_ && flags_.width) index_is_good_ = false;
    return;
  }
  flags_.width = read_argument();
  if (!flags_.width) printer_.add("%!(BADWIDTH)");
  if (flags_.width.value_or(0) < 0) {
    flags_.width = -*flags_.width;
    flags_.minus = true;
    flags_.zero = false;
  }
}

void Directives::read_precision() {
  if (position_ + 1 >= format_.size() || !at('.')) return;
  ++position_;
  if (follows_index_) index_is_good_ = false;
  read_index();
  if (!at('*')) {
    flags_.precision = read_number().value_or(0);
    return;
  }
  flags_.precision = read_argument();
  if (flags_.precision.value_or(-1) < 0) {
    flags_.precision.reset();
    printer_.add("%!(BADPREC)");
  }
}

/// What follows a percent sign.
void Directives::read_directive() {
  index_is_good_ = true;
  read_flags();
  read_index();
  read_width();
  read_precision();
  if (!follows_index_) read_index();
  if (position_ >= format_.size()) {
    printer_.add("%!(NOVERB)");
    return;
  }
  const CodePoint verb = decode_utf8(format_, position_);
  position_ += verb.width;
  if (verb.value == '%') {
    printer_.add("%");
  } else if (!index_is_good_) {
    printer_.add("%!" + encode_utf8(verb.value) + "(BADINDEX)");
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
  if (!was_reordered_ && argument_ < values_.size()) print_extra_values();
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
