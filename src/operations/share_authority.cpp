// One authority for several computers.
#include "operations/share_authority.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "certs/authority.h"
#include "operations/certificates.h"
#include "operations/foreign_authority.h"

namespace dm {
namespace {

/// The machines whose certificates the store's own authority has signed.
std::vector<std::string> dependants(const Store& store) {
  const std::string authority = store.default_auth("").ca_cert_path;
  std::vector<std::string> names;
  for (const auto& name : store.names()) {
    // One that cannot be read may depend on it.
    try {
      if (store.load(name).auth.ca_cert_path != authority) continue;
    } catch (const Error&) {
    }
    names.push_back(name);
  }
  return names;
}

/// Error unless the pair is an authority: signing with it proves that both parts belong together.
void check_pair(const CertificateAndKey& pair, const Clock& clock) {
  in_context("the authority in the bundle", [&] {
    if (!read_certificate(pair.certificate).is_authority) throw Error("its certificate may not sign others");
    make_client_certificate(pair, "test", clock.now());
  });
}

/// What is replaced stays, beside the authorities of others.
void set_aside(const Store& store, const AuthOptions& own, const Task& task) {
  std::map<std::string, std::string> texts;
  for (const auto& path :
       {own.ca_cert_path, own.client_cert_path, own.ca_private_key_path, own.client_key_path}) {
    if (auto text = read_file_if_there(path)) texts[path] = *std::move(text);
  }
  if (texts.empty()) return;
  const std::string folder =
      store.certs_folder() + "/authorities/replaced-" + short_digest(texts.begin()->second);
  make_folders(folder);
  for (const auto& [path, text] : texts)
    write_file(folder + "/" + fs::path(path).filename().string(), text, private_file);
  task.info("The former authority, which no machine here depends on, is kept in " + folder);
  for (const auto& [path, text] : texts) remove_all(path);
}

std::string marker_of(const AuthOptions& own) { return own.ca_private_key_path + ".unfinished"; }

/// In the order and with the marker by which a crash in the middle is told from a lost certificate.
void take_over(const AuthOptions& own, const CertificateAndKey& pair) {
  make_folders(own.cert_dir);
  write_file(marker_of(own), "", private_file);
  write_file(own.ca_private_key_path, pair.key, private_file);
  write_file(own.ca_cert_path, pair.certificate, readable_file);
  remove_all(marker_of(own));
}

/// Where the certificate is here: a marker would say that it is worth nothing, and a new authority would take
/// its place.
void add_key(const AuthOptions& own, const std::string& key) {
  write_file(own.ca_private_key_path, key, private_file);
  remove_all(marker_of(own));
}

}  // namespace

Bundle export_authority(const Runtime& runtime, Task& task) {
  const AuthOptions own = runtime.store.default_auth("");
  ensure_client_certificates(runtime, own, task);
  Bundle bundle{.kind = BundleKind::authority, .creator = {}, .facts = Json::object(), .files = {}};
  bundle.files["authority/ca.pem"] = {.content = read_file(own.ca_cert_path), .mode = readable_file};
  bundle.files["authority/ca-key.pem"] = {.content = read_file(own.ca_private_key_path),
                                          .mode = private_file};
  return bundle;
}

void import_authority(const Runtime& runtime, const Bundle& bundle, Task& task) {
  if (bundle.kind != BundleKind::authority) throw Error("the bundle holds no authority");
  const CertificateAndKey pair{.certificate = bundle.text("authority/ca.pem"),
                               .key = bundle.text("authority/ca-key.pem")};
  check_pair(pair, runtime.services.clock);
  const AuthOptions own = runtime.store.default_auth("");
  {
    const auto lock = runtime.store.lock_certificates(task);
    const auto present = read_file_if_there(own.ca_cert_path);
    const bool is_same = present && trim(*present) == trim(pair.certificate);
    if (is_same && is_there(own.ca_private_key_path) && !is_there(marker_of(own))) {
      task.info("This authority is here already.");
      return;
    }
    if (const auto names = dependants(runtime.store); present && !is_same && !names.empty()) {
      throw Error(fmt::format("Another authority signs for machines here ({}), which would be out of reach: "
                              "nothing was imported. Use another store (--storage-path), or import machines "
                              "instead, whose authority is kept beside the own one",
                              join(names, ", ")),
                  Reason::already_exists);
    }
    if (is_same) {
      add_key(own, pair.key);
    } else {
      set_aside(runtime.store, own, task);
      take_over(own, pair);
    }
  }
  ensure_client_certificates(runtime, own, task);
  task.info("The authority is here now: certificates of new machines are signed by it.");
}

}  // namespace dm
