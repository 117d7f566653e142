// PORT/PROTO, as all drivers' open-port flags take it.
#include "drivers/open_port.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/strings.h"

namespace dm {

OpenPort parse_open_port(const std::string& flag, const std::string& text) {
  const auto parts = split(text, '/');
  OpenPort open{.port = number_or_minus_one(parts[0]),
                .protocol = parts.size() > 1 ? lower(parts[1]) : "tcp"};
  if (parts.size() > 2 || open.port < 1 || open.port > 65535 ||
      (open.protocol != "tcp" && open.protocol != "udp")) {
    throw Error(
        fmt::format("--{} \"{}\" is no port: give PORT or PORT/PROTO, e.g. 8000 or 53/udp", flag, text),
        Reason::usage);
  }
  return open;
}

}  // namespace dm
