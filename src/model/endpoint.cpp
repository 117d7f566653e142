// Docker URLs.
#include "model/endpoint.h"

#include "base/strings.h"

namespace dm {

std::optional<UrlParts> parse_docker_url(const std::string& url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  std::string rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('/'));
  UrlParts parts;
  const auto bracket = rest.find(']');
  const auto colon = rest.find(':', rest.starts_with('[') && bracket != std::string::npos ? bracket : 0);
  parts.host = rest.substr(0, colon);
  if (colon != std::string::npos) {
    parts.port = number_or_minus_one(rest.substr(colon + 1));
    if (parts.port < 0 || parts.port > 65535) return std::nullopt;
  }
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  if (parts.host.empty()) return std::nullopt;
  return parts;
}

}  // namespace dm
