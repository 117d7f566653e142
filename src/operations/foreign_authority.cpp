// Machines whose certificates another store's authority has signed.
#include "operations/foreign_authority.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "bundle/bundle.h"
#include "certs/authority.h"

namespace dm {
namespace {

std::string folder_of(const Store& store, const std::string& id) {
  return store.certs_folder() + "/authorities/" + id;
}

bool is_foreign(const Store& store, const AuthOptions& auth) {
  return auth.cert_dir.starts_with(folder_of(store, ""));
}

/// Also if a machine's file cannot be read: it might be one that does.
bool is_used(const Store& store, const std::string& folder) {
  return std::ranges::any_of(store.names(), [&](const std::string& name) {
    try {
      return store.load(name).auth.cert_dir == folder;
    } catch (const Error&) {
      return true;
    }
  });
}

}  // namespace

std::string id_of(const AuthorityFiles& files) {
  const std::string both =
      std::string(trim(files.authority)) + "\n" + std::string(trim(files.certificate)) + "\n";
  return short_digest(both);
}

AuthOptions foreign_auth(const Store& store, const std::string& machine, const std::string& id) {
  AuthOptions auth = store.default_auth(machine);
  auth.cert_dir = folder_of(store, id);
  auth.ca_cert_path = auth.cert_dir + "/ca.pem";
  auth.ca_private_key_path = auth.cert_dir + "/ca-key.pem";
  auth.client_cert_path = auth.cert_dir + "/cert.pem";
  auth.client_key_path = auth.cert_dir + "/key.pem";
  return auth;
}

bool is_own_authority(const Store& store, const AuthorityFiles& files) {
  const AuthOptions own = store.default_auth("");
  const auto authority = read_file_if_there(own.ca_cert_path);
  return authority && trim(*authority) == trim(files.authority) && is_there(own.client_cert_path) &&
         is_there(own.client_key_path) && !is_access_certificate(files.certificate);
}

bool keep_foreign_authority(const Store& store, const AuthorityFiles& files) {
  const std::string id = id_of(files), folder = folder_of(store, id);
  const bool was_there = is_there(folder);
  if (!was_there) {
    // What a crash has left of the same attempt.
    for (const auto& name : sub_folders(folder_of(store, ""))) {
      if (name.starts_with("." + id + ".")) remove_all(folder_of(store, name));
    }
    const std::string hidden = folder_of(store, "." + id + "." + random_hex(8));
    make_folders(hidden);
    try {
      write_file(hidden + "/ca.pem", files.authority, readable_file);
      write_file(hidden + "/cert.pem", files.certificate, readable_file);
      write_file(hidden + "/key.pem", files.key, private_file);
      if (!move_new_folder(hidden, folder)) throw Error(folder + " is there already");
    } catch (...) {
      remove_all(hidden);
      throw;
    }
  }
  const std::string key_path = folder + "/ca-key.pem";
  if (files.ca_key && !is_there(key_path)) write_file(key_path, *files.ca_key, private_file);
  return was_there;
}

void forget_unused_authority(const Store& store, const AuthOptions& auth) {
  if (!is_foreign(store, auth) || is_there(auth.ca_private_key_path) || is_used(store, auth.cert_dir)) return;
  remove_all(auth.cert_dir);
}

void require_authority_key(const Store& store, const Machine& machine) {
  const AuthOptions& auth = machine.auth;
  if (!is_foreign(store, auth) || is_there(auth.ca_private_key_path)) return;
  throw Error(fmt::format(
      "The certificates of machine \"{0}\" are signed by the authority of the computer that it came "
      "from, whose private key is not here: nothing was changed. Work there, or export it there "
      "again with --with-ca-key, or let this computer's own authority sign for it from now on, which "
      "locks everybody else out: docker-machine regenerate-certs --adopt-ca {0}",
      machine.name));
}

void adopt_own_authority(const Store& store, Machine& machine) {
  AuthOptions own = store.default_auth(machine.name);
  own.server_cert_sans = machine.auth.server_cert_sans;
  machine.auth = own;
}

}  // namespace dm
