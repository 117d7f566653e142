// All certificates of a store, and what is wrong with them.
#include "operations/certificate_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "certs/authority.h"
#include "operations/authority_change.h"
#include "operations/expiry.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

/// A file with a certificate, and what it is to be held against.
struct Subject {
  std::string machine, kind, file;
  std::string key;        ///< its private key; "" if that is somebody else's business
  std::string authority;  ///< who should have signed it; "": itself
  std::string original;   ///< of a copy
};

std::string days(std::chrono::system_clock::duration time) {
  const auto count = std::chrono::floor<std::chrono::days>(time).count();
  return count == 1 ? "1 day" : fmt::format("{} days", count);
}

void check_dates(CertificateRow& row, CalendarTime now) {
  if (row.not_after <= now) {
    row.problems.push_back("expired on " + date_text(row.not_after));
  } else if (row.not_before > now) {
    row.problems.push_back(
        fmt::format("is not valid before {}: is the clock right?", date_text(row.not_before)));
  } else if (row.not_after - now < expiry_notice) {
    row.problems.push_back("expires in " + days(row.not_after - now));
  }
}

void check_key(CertificateRow& row, const std::string& pem, const std::string& key_file) {
  const auto key = read_file_if_there(key_file);
  if (!key) {
    row.problems.push_back(fmt::format("its key {} is missing", key_file));
    return;
  }
  if (!is_key_of(*key, pem)) row.problems.push_back(fmt::format("the key {} is not its own", key_file));
  std::error_code ignored;
  const unsigned mode = static_cast<unsigned>(fs::status(key_file, ignored).permissions()) & 0777U;
  if ((mode & 0077U) != 0) {
    row.problems.push_back(
        fmt::format("others than its owner may use the key {} (mode {:04o})", key_file, mode));
  }
}

void check_issuer(CertificateRow& row, const std::string& pem, const std::string& authority_file) {
  if (row.kind == "client" && is_access_certificate(pem)) return;  // an engine trusts it by itself
  const auto authority = read_file_if_there(authority_file);
  if (!authority) return;  // that has a row of its own
  const auto all = certificates_in(*authority);
  if (!is_signed_by(pem, *authority)) {
    row.problems.push_back(fmt::format("was not signed by {}", authority_file));
  } else if (all.size() > 1 && !is_signed_by(pem, all.front())) {
    row.problems.emplace_back("was signed by the authority that is being replaced");
  }
}

void fill(CertificateRow& row, const std::string& pem) {
  Certificate read = read_certificate(pem);
  row.readable = true;
  row.subject = std::move(read.subject_organization);
  row.issuer = std::move(read.issuer_organization);
  row.names = std::move(read.names);
  row.not_before = read.not_before;
  row.not_after = read.not_after;
}

void check(CertificateRow& row, const std::string& pem, const Subject& subject, CalendarTime now) {
  check_dates(row, now);
  if (!subject.key.empty()) check_key(row, pem, subject.key);
  if (!subject.authority.empty()) check_issuer(row, pem, subject.authority);
  if (!subject.original.empty() && read_file_if_there(subject.original) != read_file_if_there(subject.file)) {
    row.problems.push_back(fmt::format("differs from {}", subject.original));
  }
}

CertificateRow row_of(const Subject& subject) {
  return {.machine = subject.machine, .kind = subject.kind, .file = subject.file};
}

/// Gathers the rows.
class Report {
 public:
  explicit Report(const Runtime& runtime) : runtime_(runtime), now_(runtime.services.clock.now()) {}

  /// The authority and the client's certificate. Some machines have them in their own folder.
  void add_shared(const AuthOptions& auth, const std::string& machine) {
    const auto owner = [&](const std::string& file) {
      return fs::path(file).parent_path() == fs::path(auth.store_path) ? machine : "";
    };
    if (seen_.insert(auth.ca_cert_path).second) add_authority(auth, owner(auth.ca_cert_path));
    if (seen_.insert(auth.client_cert_path).second) {
      add({.machine = owner(auth.client_cert_path),
           .kind = "client",
           .file = auth.client_cert_path,
           .key = auth.client_key_path,
           .authority = auth.ca_cert_path});
    }
  }

  void add_machine(const std::string& name) {
    Machine machine;
    try {
      machine = runtime_.store.load(name);
    } catch (const Error& error) {
      CertificateRow row{.machine = name, .kind = "server"};
      row.problems.emplace_back(error.what());
      rows_.push_back(std::move(row));
      return;
    }
    if (is_over_ssh(runtime_, name)) return;  // it has none
    add_shared(machine.auth, name);
    const auto [address, has_certificates] = look_at_driver(machine);
    add_server(machine, address, has_certificates);
    add_copies(machine, has_certificates);
  }

  std::vector<CertificateRow> shared_first() && {
    std::stable_partition(rows_.begin(), rows_.end(),
                          [](const CertificateRow& row) { return row.machine.empty(); });
    return std::move(rows_);
  }

 private:
  CertificateRow& add(const Subject& subject) {
    CertificateRow row = row_of(subject);
    try {
      const auto pem = read_file_if_there(subject.file);
      if (pem) {
        fill(row, *pem);
        check(row, *pem, subject, now_);
      } else {
        row.problems.emplace_back("is missing");
      }
    } catch (const Error& error) {
      row.problems.emplace_back(error.what());
    }
    rows_.push_back(std::move(row));
    return rows_.back();
  }

  /// What the driver says of a machine, without asking anybody.
  struct Known {
    std::string address;
    bool has_certificates = true;  ///< those of an engine that somebody else looks after lie elsewhere
  };

  Known look_at_driver(const Machine& machine) const {
    try {
      const OpenMachine open = open_machine(runtime_, machine.name);
      return {open.driver->endpoint().address, open.type->traits().provisioned};
    } catch (const Error&) {
      return {};  // a driver that is not here: the files can be looked at all the same
    }
  }

  void add_server(const Machine& machine, const std::string& address, bool has_certificates) {
    const AuthOptions& auth = machine.auth;
    if (!has_certificates && !is_there(auth.server_cert_path)) return;
    // The key is the engine's: who adopted it or was granted access has none, and needs none.
    const bool has_key = is_there(auth.server_key_path);
    CertificateRow& row = add({.machine = machine.name,
                               .kind = "server",
                               .file = auth.server_cert_path,
                               .key = has_key ? auth.server_key_path : "",
                               .authority = auth.ca_cert_path});
    if (row.readable && !address.empty() && !names_cover(row.names, address)) {
      row.problems.push_back(fmt::format("does not name the machine's address {}", address));
    }
  }

  void add_copies(const Machine& machine, bool has_certificates) {
    const std::string folder = runtime_.store.machine_folder(machine.name);
    const auto add_copy = [&](const char* kind, const std::string& file, const std::string& original,
                              const std::string& key) {
      if (file == original || (!has_certificates && !is_there(file))) return;
      add({.machine = machine.name, .kind = kind, .file = file, .key = key, .original = original});
    };
    add_copy("copy of ca", folder + "/ca.pem", machine.auth.ca_cert_path, "");
    add_copy("copy of client", folder + "/cert.pem", machine.auth.client_cert_path, folder + "/key.pem");
  }

  /// While an authority is replaced, its file holds two.
  void add_authority(const AuthOptions& auth, const std::string& machine) {
    // Who uses an authority of somebody else's has no key of it.
    const std::string key = is_there(auth.ca_private_key_path) ? auth.ca_private_key_path : "";
    CertificateRow& first = add({.machine = machine, .kind = "ca", .file = auth.ca_cert_path, .key = key});
    if (!first.readable) return;
    const auto all = certificates_in(read_file(auth.ca_cert_path));
    if (!read_certificate(all.front()).is_authority)
      first.problems.emplace_back("is no authority's certificate");
    for (size_t i = 1; i < all.size(); ++i) {
      CertificateRow row{.machine = machine, .kind = "ca", .file = auth.ca_cert_path};
      fill(row, all[i]);
      check_dates(row, now_);
      row.problems.emplace_back("is being replaced");
      rows_.push_back(std::move(row));
    }
    if (all.size() == 1 && is_authority_changing(auth)) {
      rows_.back().problems.emplace_back("some engines still trust the one that it replaces");
    }
  }

  const Runtime& runtime_;
  const CalendarTime now_;
  std::set<std::string> seen_;
  std::vector<CertificateRow> rows_;
};

}  // namespace

std::vector<CertificateRow> certificate_report(const Runtime& runtime, const std::vector<std::string>& names,
                                               Wanted wanted) {
  Report report(runtime);
  if (wanted == Wanted::all) {
    const AuthOptions shared = runtime.store.default_auth("");
    std::error_code ignored;
    if (fs::exists(shared.ca_cert_path, ignored)) report.add_shared(shared, "");
  }
  for (const auto& name : names) report.add_machine(name);
  return std::move(report).shared_first();
}

}  // namespace dm
