#pragma once
#include <string>

namespace dm {

/// A key pair in the forms that files take.
struct KeyPair {
  std::string private_pem;      ///< RSA: PKCS#1 "RSA PRIVATE KEY"; ECDSA: "EC PRIVATE KEY". Not encrypted.
  std::string public_ssh_line;  ///< "ssh-rsa BASE64", as in authorized_keys, without comment and newline
};

/// A new RSA key of 2048 bits, as the original makes for SSH.
KeyPair make_rsa_key();
/// A new ECDSA key on P-256: for a machine's SSH host key, since it is quickly made.
KeyPair make_ecdsa_key();

/// The fingerprint of a public key line as providers write it: MD5, "3b:16:bf:...". Error if it is none.
std::string md5_fingerprint(const std::string& public_ssh_line);

}  // namespace dm
