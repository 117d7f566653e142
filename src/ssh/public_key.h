#pragma once
#include <string>

namespace dm {

/// The public half of a private key, as a line for authorized_keys without comment and newline: out of PATH
/// itself, or out of PATH.pub if that is encrypted; "" if neither can be read.
std::string public_key_line(const std::string& path);

}  // namespace dm
