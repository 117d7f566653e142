#pragma once
#include <string>

namespace dm {

/// "VERSION, build COMMIT".
std::string version();

}  // namespace dm
