#pragma once
#include <string>
#include <vector>

#include "text_template/value.h"

namespace dm {

/// Renders one value after the other with a template of the user's, as `--format` of `ls` does it: a line
/// each;
/// `\t` and `\n` in the template are a tab and a newline; behind "table", a line of titles comes first and
/// the columns are aligned. Errors as of the template.
std::string rendered_rows(std::string format, const text_template::Value& titles,
                          const std::vector<text_template::Value>& rows);

}  // namespace dm
