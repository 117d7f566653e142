#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// One certificate as `certs` shows it.
struct CertificateRow {
  std::string machine;  ///< "" for one that machines share
  std::string kind;     ///< "ca", "client", "server", or "copy of ca", "copy of client"
  std::string file;
  bool readable = false;  ///< whether the following is known
  std::string subject, issuer;
  std::vector<std::string> names;
  std::chrono::system_clock::time_point not_before, not_after;
  std::vector<std::string> problems;  ///< in words, without the file's name; none: all is well
};

/// Whether the store's own certificates are shown also if none of the machines uses them.
enum class Wanted { all, what_is_used };

/// The certificates of these machines, and those that they share, in the order: shared ones, then machine by
/// machine. Asks nobody but the file system.
std::vector<CertificateRow> certificate_report(const Runtime& runtime, const std::vector<std::string>& names,
                                               Wanted wanted);

}  // namespace dm
