// AWS's regions, by rule.
#include "drivers/amazonec2/region.h"

#include <fmt/core.h>

#include <array>
#include <regex>

namespace dm {
namespace {

struct Row {
  const char* prefix;
  Partition partition;
};

/// Accounts: Canonical's and Debian's documentation of their cloud images. The last row is for all others.
const std::array<Row, 8>& rows() {
  static const std::array<Row, 8> table{{
      {"cn-", {"aws-cn", "amazonaws.com.cn", "837727238323", ""}},
      {"us-gov-", {"aws-us-gov", "amazonaws.com", "513442679011", ""}},
      {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov", "", ""}},
      {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov", "", ""}},
      {"us-iso-", {"aws-iso", "c2s.ic.gov", "", ""}},
      {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk", "", ""}},
      {"eusc-", {"aws-eusc", "amazonaws.eu", "", ""}},
      {"", {"aws", "amazonaws.com", "099720109477", "136693071363"}},
  }};
  return table;
}

}  // namespace

bool is_region(const std::string& text) {
  static const std::regex form("[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}");
  return std::regex_match(text, form);
}

Partition partition_of(const std::string& region) {
  for (const auto& row : rows()) {
    if (region.starts_with(row.prefix)) return row.partition;
  }
  return rows().back().partition;
}

std::string endpoint_of(const std::string& service, const std::string& region) {
  return fmt::format("https://{}.{}.{}", service, region, partition_of(region).suffix);
}

std::string endpoint_url(const std::string& given, bool insecure) {
  std::string url = given;
  const auto scheme = url.find("://");
  if (insecure && scheme != std::string::npos) url.erase(0, scheme + 3);
  if (insecure || scheme == std::string::npos) url.insert(0, insecure ? "http://" : "https://");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace dm
