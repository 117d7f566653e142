#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <string>

#include "base/error.h"

namespace dm::openssl {

/// Lets a unique_ptr own what OpenSSL allocated, freed by the function of its type.
template <auto release>
struct Release {
  template <typename Object>
  void operator()(Object* object) const {
    release(object);
  }
};

using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Stream = std::unique_ptr<BIO, Release<BIO_free>>;

/// What went wrong in OpenSSL, as "WHAT: REASON"; forgets the errors that this thread has piled up.
Error failure(const std::string& what);
/// A new RSA key of 2048 bits with the exponent 65537.
Key make_rsa_key();
/// The private key as its algorithm's own PEM block ("RSA PRIVATE KEY", "EC PRIVATE KEY"), not encrypted.
std::string private_pem(const Key& key);
/// A stream that reads `text`, which must outlive it.
Stream reader(const std::string& text);
/// What was written to a memory stream.
std::string written(const Stream& stream);

}  // namespace dm::openssl
