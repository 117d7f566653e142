#pragma once

#include <string_view>

#include "text_template/function.h"
#include "text_template/syntax.h"

namespace dm::text_template {

/// Parses a template that may use Go's built-in functions and `functions`; Error with Go's text.
Syntax parse(std::string_view text, const Functions& functions);

}  // namespace dm::text_template
