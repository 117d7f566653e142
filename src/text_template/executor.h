#pragma once

#include <string>

#include "text_template/format.h"
#include "text_template/function.h"
#include "text_template/syntax.h"
#include "text_template/value.h"

namespace dm::text_template {

/// The output of a template for one value; Error with Go's text, then without any output.
std::string execute(const Syntax& syntax, const Functions& functions, const Value& data, Numbers numbers);

}  // namespace dm::text_template
