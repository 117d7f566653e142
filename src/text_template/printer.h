#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text_template/format.h"
#include "text_template/value.h"

namespace dm::text_template {

/// Prints values one by one under the flags of Go's fmt.
class Printer {
 public:
  /// What stands between the percent sign and the verb.
  struct Flags {
    bool plus = false;
    bool minus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    bool field_names = false;  ///< %+v
    bool go_syntax = false;    ///< %#v
    std::optional<int> width{};
    std::optional<int> precision{};
  };

  explicit Printer(Numbers numbers) : numbers_(numbers) {}

  /// The flags for the values that follow.
  void use(const Flags& flags) { flags_ = flags; }
  /// Adds a value; a verb that does not suit it shows as in Go: `%!d(string=x)`.
  void print(const Value& value, char32_t verb);
  /// Adds text as it is.
  void add(std::string_view text) { out_ += text; }
  /// What was printed.
  const std::string& text() const { return out_; }

 private:
  enum class Case { lower, upper };

  void pad(std::string_view text);
  std::string_view shortened(std::string_view text) const;
  void print_at(const Value& value, char32_t verb);
  void print_text(std::string_view text, char32_t verb, const Value& value);
  void print_hex(std::string_view text, Case letters);
  void print_boolean(const Value& value, char32_t verb);
  void print_integer(std::int64_t integer, char32_t verb, const Value& value);
  void print_digits(std::int64_t integer, int base, Case letters, std::string_view prefix);
  void print_number(const Value& value, char32_t verb);
  void print_complex(const Value& value, char32_t verb);
  void print_signed(std::string text);
  void print_list(const Value& value, char32_t verb);
  void print_map(const Value& value, char32_t verb);
  void print_record(const Value& value, char32_t verb);
  void print_element(const Value& element, Elements elements, char32_t verb);
  void print_bad_verb(char32_t verb, const Value& value);

  Numbers numbers_;
  std::string out_;
  Flags flags_;
  bool reports_bad_verb_ = false;
};

}  // namespace dm::text_template
