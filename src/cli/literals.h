#pragma once
#include <optional>
#include <string_view>

namespace dm {

/// Go's spellings of a boolean: 1 t T TRUE true True and 0 f F FALSE false False; anything else is nothing.
std::optional<bool> boolean_of(std::string_view text);

/// A whole number, or why the text is none.
struct NumberLiteral {
  std::optional<long long> value;
  std::string_view fault;  ///< "parse error" or "value out of range", as Go words it
};

/// A whole number as Go writes it in a program: sign, 0x, 0o, 0b, 0 for octal, single underscores between
/// digits.
NumberLiteral number_of(std::string_view text);

}  // namespace dm
