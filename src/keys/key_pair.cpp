// Key pairs for SSH.
#include "keys/key_pair.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include <array>
#include <string_view>
#include <vector>

#include "keys/digest.h"
#include "keys/openssl.h"

namespace dm {
namespace {

using Number = std::unique_ptr<BIGNUM, openssl::Release<BN_free>>;

/// SSH's "string": its length in four bytes, then itself (RFC 4251, section 5).
std::string ssh_string(std::string_view text) {
  std::string field;
  for (const int shift : {24, 16, 8, 0}) field += static_cast<char>((text.size() >> shift) & 0xff);
  return field.append(text);
}

/// SSH's "mpint" of a positive number: a leading zero byte keeps the sign bit clear.
std::string ssh_number(const openssl::Key& key, const char* name) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &found) != 1) throw openssl::failure("cannot read a public key");
  const Number number(found);
  std::string bytes(static_cast<size_t>(BN_num_bytes(found)), '\0');
  BN_bn2bin(found, reinterpret_cast<unsigned char*>(bytes.data()));
  if ((static_cast<unsigned char>(bytes.at(0)) & 0x80) != 0) bytes.insert(bytes.begin(), '\0');
  return ssh_string(bytes);
}

std::string ssh_point(const openssl::Key& key) {
  std::array<unsigned char, 256> point;
  size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &size) != 1) {
    throw openssl::failure("cannot read a public key");
  }
  return ssh_string({reinterpret_cast<const char*>(point.data()), size});
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

/// The bytes of a key's line; empty if it has none.
std::string blob_of(std::string_view line) {
  const auto from = line.find(' ');
  if (from == std::string_view::npos) return {};
  std::string_view text = line.substr(from + 1);
  text = text.substr(0, text.find_first_of(" \n"));
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  // OpenSSL counts what only fills the last group up.
  const auto padding = text.size() - text.find_last_not_of('=') - 1;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

}  // namespace

KeyPair make_rsa_key() {
  constexpr std::string_view type = "ssh-rsa";
  const auto key = openssl::make_rsa_key();
  const auto blob =
      ssh_string(type) + ssh_number(key, OSSL_PKEY_PARAM_RSA_E) + ssh_number(key, OSSL_PKEY_PARAM_RSA_N);
  return {.private_pem = openssl::private_pem(key),
          .public_ssh_line = std::string(type) + " " + base64(blob)};
}

KeyPair make_ecdsa_key() {
  constexpr std::string_view type = "ecdsa-sha2-nistp256";
  const openssl::Key key(EVP_EC_gen("P-256"));
  if (!key) throw openssl::failure("cannot make an ECDSA key");
  const auto blob = ssh_string(type) + ssh_string("nistp256") + ssh_point(key);
  return {.private_pem = openssl::private_pem(key),
          .public_ssh_line = std::string(type) + " " + base64(blob)};
}

std::string md5_fingerprint(const std::string& public_ssh_line) {
  const std::string blob = blob_of(public_ssh_line);
  if (blob.empty()) throw Error("this is no public SSH key: " + public_ssh_line);
  const std::string hex = hex_digest(DigestKind::md5, blob);
  std::string text = hex.substr(0, 2);
  for (size_t i = 2; i < hex.size(); i += 2) text += ":" + hex.substr(i, 2);
  return text;
}

}  // namespace dm
