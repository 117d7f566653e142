#pragma once
#include <string>

namespace dm {

/// The part of AWS that a region belongs to: its own domain, its own accounts.
struct Partition {
  std::string name;       ///< as in an ARN: "aws", "aws-cn", ...
  std::string suffix;     ///< of its host names
  std::string canonical;  ///< Canonical's account there; empty: not known
  std::string debian;     ///< Debian's account there; empty: it has none
};

/// Whether the text has the form of a region's name, e.g. "ap-southeast-4" or "us-gov-west-1". New regions
/// need no new program.
bool is_region(const std::string& text);
/// By the region's name.
Partition partition_of(const std::string& region);
/// "https://SERVICE.REGION.SUFFIX".
std::string endpoint_of(const std::string& service, const std::string& region);
/// A host or URL as a URL without a slash at the end; `insecure` makes it http.
std::string endpoint_url(const std::string& given, bool insecure);

}  // namespace dm
