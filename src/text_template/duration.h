#pragma once

#include <chrono>
#include <string>

#include "text_template/value.h"

namespace dm::text_template {

/// A length of time as Go writes it: `1.5s`, `2m0s`, `0s`.
std::string go_duration(std::chrono::nanoseconds duration);

/// A Go time.Duration, with its methods that take no arguments (`Seconds`, `Milliseconds`, ...).
Value duration_value(std::chrono::nanoseconds duration);

}  // namespace dm::text_template
