// Certificates as files: whose they are, where they lie, when they are made.
#include "operations/certificates.h"

#include <fmt/core.h>

#include "certs/authority.h"

namespace dm {
namespace {

constexpr unsigned public_file = 0644;

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_expired(const std::string& pem, const Clock& clock) {
  return read_certificate(pem).not_after <= clock.now();
}

/// Whether the client certificate is of no use any more: expired, or left over from an authority that was
/// replaced. Of files that lie outside the store the user is master: there only the date counts.
bool is_outdated_client(const std::string& pem, const AuthOptions& auth, const Clock& clock) {
  if (is_expired(pem, clock)) return true;
  return auth.client_cert_path.starts_with(auth.cert_dir + "/") &&
         !is_signed_by(pem, read_file(auth.ca_cert_path));
}

/// One pair of files, certificate and key, and how to make what belongs in them.
struct Pair {
  std::string certificate_path, key_path;
  std::string kind;          ///< "CA certificate", as in "… is outdated and needs to be regenerated"
  std::string announcement;  ///< "Creating CA: "
  std::string key_exists;    ///< what to say if only the key is there
};

/// Makes the pair unless it is there and in date. The marker tells a key that a crash left behind from a key
/// whose certificate the user has lost, and which we must not overwrite.
template <typename Outdated, typename Make>
void ensure_pair(const Pair& pair, Task& task, Outdated&& is_outdated, Make&& make) {
  const std::string marker = pair.key_path + ".unfinished";
  const auto present = read_file_if_there(pair.certificate_path);
  if (present) {
    if (!in_context(pair.certificate_path, [&] { return is_outdated(*present); })) return;
    task.info(pair.kind + " is outdated and needs to be regenerated");
  } else if (is_there(pair.key_path) && !is_there(marker)) {
    throw Error(pair.key_exists, Reason::already_exists);
  }
  task.info(pair.announcement + pair.certificate_path);
  const CertificateAndKey made = make();
  write_file(marker, "", private_file);
  write_file(pair.key_path, made.key, private_file);
  write_file(pair.certificate_path, made.certificate, public_file);
  remove_all(marker);
}

CertificateAndKey read_authority(const AuthOptions& auth) {
  return {.certificate = read_file(auth.ca_cert_path), .key = read_file(auth.ca_private_key_path)};
}

bool are_in_date(const AuthOptions& auth, const Clock& clock) {
  const auto authority = read_file_if_there(auth.ca_cert_path),
             client = read_file_if_there(auth.client_cert_path);
  return authority && client &&
         !in_context(auth.ca_cert_path, [&] { return is_expired(*authority, clock); }) &&
         !in_context(auth.client_cert_path, [&] { return is_outdated_client(*client, auth, clock); });
}

}  // namespace

void ensure_client_certificates(const Runtime& runtime, const AuthOptions& auth, Task& task) {
  if (are_in_date(auth, runtime.services.clock)) return;
  make_folders(auth.cert_dir);
  const auto lock = runtime.store.lock_certificates(task);
  const Clock& clock = runtime.services.clock;
  in_context("generating CA certificate failed", [&] {
    ensure_pair(
        {auth.ca_cert_path, auth.ca_private_key_path, "CA certificate",
         "Creating CA: ", "certificate authority key already exists"},
        task, [&](const std::string& pem) { return is_expired(pem, clock); },
        [&] { return make_authority(runtime.user(), clock.now()); });
  });
  in_context("generating client certificate failed", [&] {
    ensure_pair(
        {auth.client_cert_path, auth.client_key_path, "Client certificate",
         "Creating client certificate: ", "client key already exists"},
        task, [&](const std::string& pem) { return is_outdated_client(pem, auth, clock); },
        [&] {
          return make_client_certificate(read_authority(auth), runtime.user() + ".<bootstrap>", clock.now());
        });
  });
}

EngineCertificates issue_engine_certificates(const Runtime& runtime, const Machine& machine,
                                             const std::string& address, Task& task) {
  const AuthOptions& auth = machine.auth;
  const fs::path folder = runtime.store.machine_folder(machine.name);
  task.info("Copying certs to the local machine directory...");
  const auto copy = [&](const char* name, const std::string& from, unsigned mode) {
    in_context(fmt::format("Copying {} to machine dir failed", name),
               [&] { write_file(folder / name, read_file(from), mode); });
  };
  copy("ca.pem", auth.ca_cert_path, public_file);
  copy("cert.pem", auth.client_cert_path, public_file);
  copy("key.pem", auth.client_key_path, private_file);

  return in_context("error generating server cert", [&] {
    ServerCertificateRequest request{.organization = runtime.user() + "." + machine.name,
                                     .names = auth.server_cert_sans,
                                     .also_client = machine.swarm.master};
    request.names.push_back(address);
    request.names.push_back("localhost");
    const CertificateAndKey authority = read_authority(auth);
    const CertificateAndKey server =
        make_server_certificate(authority, request, runtime.services.clock.now());
    write_file(auth.server_key_path, server.key, private_file);
    write_file(auth.server_cert_path, server.certificate, public_file);
    return EngineCertificates{authority.certificate, server.certificate, server.key};
  });
}

}  // namespace dm
