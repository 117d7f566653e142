#pragma once

#include <span>
#include <string>
#include <string_view>

#include "text_template/value.h"

namespace dm::text_template {

/// How numbers without a fraction print: as Go's float64 (`3.164444e+06`), or as integers.
enum class Numbers { as_go, plain };

/// The values one after the other as Go's fmt.Sprint writes them: blanks between two that are no text.
std::string print(std::span<const Value> values, Numbers numbers);

/// The values as Go's fmt.Sprintln writes them: blanks between, a newline at the end.
std::string print_line(std::span<const Value> values, Numbers numbers);

/// The values in a format of Go's fmt.Sprintf. A wrong verb is no error, but shows in the text as in Go.
std::string print_format(std::string_view format, std::span<const Value> values, Numbers numbers);

}  // namespace dm::text_template
