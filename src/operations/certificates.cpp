// Certificates as files: whose they are, where they lie, when they are made.
#include "operations/certificates.h"

#include <fmt/core.h>

#include "certs/authority.h"
#include "operations/authority_change.h"

namespace dm {
namespace {

constexpr unsigned public_file = 0644;

bool is_expired(const std::string& pem, const Clock& clock) {
  return read_certificate(pem).not_after <= clock.now();
}

/// Whether the client certificate is of no use any more: expired, or left over from an authority that was
/// replaced. Of files that lie outside the store the user is master: there only the date counts.
bool is_outdated_client(const std::string& pem, const AuthOptions& auth, const Clock& clock) {
  if (is_expired(pem, clock)) return true;
  return has_shared_client_certificate(auth) && !is_signed_by(pem, read_file(auth.ca_cert_path));
}

/// One pair of files, certificate and key, and how to make what belongs in them.
struct Pair {
  std::string certificate_path, key_path;
  std::string kind;          ///< "CA certificate", as in "… is outdated and needs to be regenerated"
  std::string announcement;  ///< "Creating CA: "
  std::string key_exists;    ///< what to say if only the key is there
};

std::string marker_of(const std::string& key_path) { return key_path + ".unfinished"; }

/// The marker tells a key that a crash left behind from a key whose certificate the user has lost, and which
/// we must not overwrite.
void write_pair(const std::string& certificate_path, const std::string& key_path,
                const CertificateAndKey& made) {
  write_file(marker_of(key_path), "", private_file);
  write_file(key_path, made.key, private_file);
  write_file(certificate_path, made.certificate, public_file);
  remove_all(marker_of(key_path));
}

/// Makes the pair unless it is there and in date.
template <typename Outdated, typename Make>
void ensure_pair(const Pair& pair, Task& task, Outdated&& is_outdated, Make&& make) {
  const std::string marker = marker_of(pair.key_path);
  const auto present = read_file_if_there(pair.certificate_path);
  if (present && !is_there(marker)) {
    if (!in_context(pair.certificate_path, [&] { return is_outdated(*present); })) return;
    task.info(pair.kind + " is outdated and needs to be regenerated");
  } else if (!present && is_there(pair.key_path) && !is_there(marker)) {
    throw Error(pair.key_exists, Reason::already_exists);
  }
  task.info(pair.announcement + pair.certificate_path);
  write_pair(pair.certificate_path, pair.key_path, make());
}

CertificateAndKey read_authority(const AuthOptions& auth) {
  return {.certificate = read_file(auth.ca_cert_path), .key = read_file(auth.ca_private_key_path)};
}

CertificateAndKey make_client(const Runtime& runtime, const AuthOptions& auth) {
  return make_client_certificate(read_authority(auth), runtime.user() + ".<bootstrap>",
                                 runtime.services.clock.now());
}

bool are_in_date(const AuthOptions& auth, const Clock& clock) {
  if (is_half_changed(auth) || is_there(marker_of(auth.client_key_path))) return false;
  const auto authority = read_file_if_there(auth.ca_cert_path),
             client = read_file_if_there(auth.client_cert_path);
  return authority && client &&
         !in_context(auth.ca_cert_path, [&] { return is_expired(*authority, clock); }) &&
         !in_context(auth.client_cert_path, [&] { return is_outdated_client(*client, auth, clock); });
}

}  // namespace

bool has_shared_client_certificate(const AuthOptions& auth) {
  return auth.client_cert_path.starts_with(auth.cert_dir + "/");
}

void ensure_client_certificates(const Runtime& runtime, const AuthOptions& auth, Task& task) {
  if (are_in_date(auth, runtime.services.clock)) return;
  make_folders(auth.cert_dir);
  const auto lock = runtime.store.lock_certificates(task);
  finish_half_change(auth);
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
        [&] { return make_client(runtime, auth); });
  });
}

void renew_client_certificate(const Runtime& runtime, const AuthOptions& auth, Task& task) {
  const auto lock = runtime.store.lock_certificates(task);
  finish_half_change(auth);
  task.info("Creating client certificate: " + auth.client_cert_path);
  in_context("generating client certificate failed",
             [&] { write_pair(auth.client_cert_path, auth.client_key_path, make_client(runtime, auth)); });
}

void renew_shared_client_certificate(const Runtime& runtime, Task& task) {
  const AuthOptions shared = runtime.store.default_auth("");
  if (is_authority_changing(shared)) {
    throw Error(
        "The certificate authority is being replaced, and the client certificate with it. This goes on with "
        "that: docker-machine regenerate-certs --ca");
  }
  ensure_client_certificates(runtime, shared, task);
  renew_client_certificate(runtime, shared, task);
  for (const auto& name : runtime.store.names()) {
    try {
      const Machine machine = runtime.store.load(name);
      const bool has_copies = is_there(runtime.store.machine_folder(name) + "/cert.pem");
      if (has_copies && machine.auth.client_cert_path == shared.client_cert_path) {
        refresh_copies(runtime, machine);
      }
    } catch (const Error& error) {
      task.on(name).warn(error.what());
    }
  }
}

EngineCertificates make_engine_certificates(const Runtime& runtime, const Machine& machine,
                                            const std::string& address, Task& task) {
  return in_context("error generating server cert", [&] {
    ServerCertificateRequest request{.organization = runtime.user() + "." + machine.name,
                                     .names = machine.auth.server_cert_sans,
                                     .also_client = machine.swarm.master};
    request.names.push_back(address);
    request.names.push_back("localhost");
    const auto lock = runtime.store.lock_certificates(task);
    const CertificateAndKey authority = read_authority(machine.auth);
    const CertificateAndKey server =
        make_server_certificate(authority, request, runtime.services.clock.now());
    return EngineCertificates{authority.certificate, server.certificate, server.key};
  });
}

void keep_engine_certificates(const Machine& machine, const EngineCertificates& certificates) {
  write_file(machine.auth.server_key_path, certificates.key, private_file);
  write_file(machine.auth.server_cert_path, certificates.certificate, public_file);
}

void refresh_copies(const Runtime& runtime, const Machine& machine) {
  const fs::path folder = runtime.store.machine_folder(machine.name);
  const auto copy = [&](const char* name, const std::string& from, unsigned mode) {
    in_context(fmt::format("Copying {} to machine dir failed", name), [&] {
      const std::string content = read_file(from);
      if (read_file_if_there(folder / name) != content) write_file(folder / name, content, mode);
    });
  };
  copy("ca.pem", machine.auth.ca_cert_path, public_file);
  copy("cert.pem", machine.auth.client_cert_path, public_file);
  copy("key.pem", machine.auth.client_key_path, private_file);
}

}  // namespace dm
