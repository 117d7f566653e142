// What keys and certificates share of OpenSSL.
#include "keys/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace dm::openssl {

Error failure(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  Error error(what + ": " + (reason != nullptr ? reason : "unknown reason"));
  ERR_clear_error();
  return error;
}

Key make_rsa_key() {
  Key key(EVP_RSA_gen(2048));
  if (!key) throw failure("cannot make an RSA key");
  return key;
}

std::string private_pem(const Key& key) {
  const Stream stream(BIO_new(BIO_s_mem()));
  if (!stream || PEM_write_bio_PrivateKey_traditional(stream.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                                      nullptr) != 1) {
    throw failure("cannot write a private key");
  }
  return written(stream);
}

Stream reader(const std::string& text) {
  Stream stream(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!stream) throw failure("cannot read");
  return stream;
}

std::string written(const Stream& stream) {
  char* start = nullptr;
  const long size = BIO_get_mem_data(stream.get(), &start);
  return {start, static_cast<size_t>(size)};
}

}  // namespace dm::openssl
