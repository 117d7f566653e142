#pragma once
#include <functional>
#include <string>

#include "text_template/value.h"

namespace dm {

/// Renders `count` values, one after the other, with a template of the user's, as `--format` of `ls` does it:
/// a line each; `\t` and `\n` in the template are a tab and a newline; behind "table", a line of titles comes
/// first and the columns are aligned. Errors as of the template.
std::string rendered_rows(std::string format, const text_template::Value& titles, size_t count,
                          const std::function<text_template::Value(size_t)>& row);

}  // namespace dm
