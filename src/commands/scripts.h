#pragma once
#include <string_view>

namespace dm {

/// The shell script contrib/shell/NAME, which the build puts into the program; empty if there is none.
std::string_view shell_script(std::string_view name);

}  // namespace dm
