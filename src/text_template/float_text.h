#pragma once

#include <optional>
#include <string>

namespace dm::text_template {

/// A number as Go's strconv.FormatFloat writes it, for the verbs e, E, f, g, G, b, x and X; without a
/// precision with as many digits as give the same number back, which e and f don't know.
std::string float_text(double number, char32_t verb, std::optional<int> precision);

/// A `float_text` with what the flag # asks of it: a point, and the zeros behind it.
std::string with_point(std::string text, char32_t verb, std::optional<int> precision);

}  // namespace dm::text_template
