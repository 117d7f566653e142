#pragma once
#include <string>

namespace dm {

/// "VERSION, build COMMIT".
std::string version();

/// "VERSION" alone.
std::string version_number();

}  // namespace dm
