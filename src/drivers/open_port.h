#pragma once
#include <string>

namespace dm {

/// A port of a machine that is to be reachable from outside.
struct OpenPort {
  int port = 0;
  std::string protocol = "tcp";  ///< or "udp"
};

/// Reads "PORT[/PROTO]", the value of `flag` (without dashes); Error(usage) if it is none.
OpenPort parse_open_port(const std::string& flag, const std::string& text);

}  // namespace dm
