#pragma once

#include "text_template/function.h"

namespace dm::text_template {

/// `json` and `prettyjson` (indented by 4 blanks), which the original adds to Go's functions for `inspect`.
Functions json_functions();

}  // namespace dm::text_template
