// What a private key file shows to others.
#include "ssh/public_key.h"

#include <fmt/core.h>
#include <libssh/libssh.h>

#include "base/file.h"

namespace dm {
namespace {

std::string line_of(ssh_key key) {
  char* base64 = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) return {};
  const char* ecdsa = ssh_key_type(key) == SSH_KEYTYPE_RSA || ssh_key_type(key) == SSH_KEYTYPE_ED25519
                          ? nullptr
                          : ssh_pki_key_ecdsa_name(key);
  std::string line =
      fmt::format("{} {}", ecdsa != nullptr ? ecdsa : ssh_key_type_to_char(ssh_key_type(key)), base64);
  ssh_string_free_char(base64);
  return line;
}

}  // namespace

std::string public_key_line(const std::string& path) {
  const auto no_passphrase = [](const char*, char*, size_t, int, int, void*) { return -1; };
  ssh_key key = nullptr;
  const auto text = read_file_if_there(path);
  if (!text ||
      ssh_pki_import_privkey_base64(text->c_str(), nullptr, no_passphrase, nullptr, &key) != SSH_OK) {
    key = nullptr;
    if (ssh_pki_import_pubkey_file((path + ".pub").c_str(), &key) != SSH_OK) return {};
  }
  std::string line = line_of(key);
  ssh_key_free(key);
  return line;
}

}  // namespace dm
