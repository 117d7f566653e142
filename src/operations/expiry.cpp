// Certificates that end soon, found with little reading.
#include "operations/expiry.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "certs/authority.h"

namespace dm {
namespace {

constexpr size_t named_at_most = 3;

/// What was found of one kind of certificate.
struct Ending {
  std::string owner;
  CalendarTime end;
};

/// Finds out when certificates end.
class Ends {
 public:
  explicit Ends(CalendarTime now) : now_(now) {}

  /// Whether the file holds a certificate that ends soon; then it is remembered.
  bool note(const std::string& path, const std::string& owner) {
    try {
      const auto text = read_file_if_there(path);
      if (!text) return false;
      const CalendarTime end = end_of_certificate(*text);
      if (end - now_ >= expiry_notice) return false;
      found_.push_back({owner, end});
      return true;
    } catch (const Error&) {
      return false;  // `certs` tells what is wrong with a file.
    }
  }
  /// The same for a file that many machines share, which is read once.
  bool note_once(const std::string& path, const std::string& owner) {
    const auto known = soon_.find(path);
    if (known != soon_.end()) return known->second;
    return soon_[path] = note(path, owner);
  }

  /// "the authority (2029-11-11), dev (ended on 2026-01-02) and 3 more"
  std::string text() {
    std::ranges::stable_sort(found_, {}, &Ending::end);
    std::vector<std::string> parts;
    for (const auto& one : found_) {
      if (parts.size() == named_at_most) break;
      parts.push_back(
          fmt::format("{} ({}{})", one.owner, one.end <= now_ ? "ended on " : "", date_text(one.end)));
    }
    const size_t more = found_.size() - parts.size();
    return join(parts, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
  }

 private:
  CalendarTime now_;
  std::map<std::string, bool> soon_;
  std::vector<Ending> found_;
};

}  // namespace

std::string date_text(CalendarTime time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string expiry_warning(const Runtime& runtime, std::span<const Machine* const> machines) {
  Ends ends(runtime.services.clock.now());
  const AuthOptions shared = runtime.store.default_auth("");
  bool authority = false, client = false;
  std::vector<std::string> servers, foreign;
  for (const Machine* machine : machines) {
    const AuthOptions& auth = machine->auth;
    const bool ours = auth.ca_cert_path == shared.ca_cert_path;
    const bool old_authority = ends.note_once(auth.ca_cert_path, ours ? "the authority" : auth.ca_cert_path);
    const bool own_client = auth.client_cert_path == shared.client_cert_path;
    const bool old_client =
        ends.note_once(auth.client_cert_path, own_client ? "the client" : auth.client_cert_path);
    authority = authority || (old_authority && ours);
    client = client || (old_client && own_client);
    if (ends.note(auth.server_cert_path, machine->name)) servers.push_back(machine->name);
  }
  const std::string found = ends.text();
  if (found.empty()) return "";
  std::string command;
  if (authority) {
    command = " --ca";
  } else {
    if (client) command = " --client-certs";
    for (size_t i = 0; i < std::min(servers.size(), named_at_most); ++i) command += " " + servers[i];
    if (servers.size() > named_at_most) command += " ...";
  }
  const std::string advice =
      command.empty() ? "see docker-machine certs" : "renew with docker-machine regenerate-certs" + command;
  return fmt::format("Certificates that end within 30 days: {}; {}", found, advice);
}

}  // namespace dm
