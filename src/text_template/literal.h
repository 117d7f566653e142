#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text_template/value.h"

namespace dm::text_template {

/// The value of a number as Go reads it (`22`, `0x1F`, `1_000`, `1.5e3`, `1+2i`): an int, a float64 or a
/// complex128, nil for an integer beyond int. Error with Go's text for what is none.
Value parse_number(std::string_view source);

/// The value of a character constant with its quotes: an int.
Value parse_character(std::string_view source);

/// The text of a quoted or raw string with its quotes; Error for a bad escape sequence.
std::string unquote(std::string_view source);

}  // namespace dm::text_template
