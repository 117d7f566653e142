#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace dm {

/// md5 only where others have chosen it.
enum class DigestKind { sha256, sha512, md5 };

/// A checksum computed piece by piece. One thread at a time.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void update(std::string_view bytes);
  /// The checksum of all bytes so far in lower-case hexadecimal digits; the last call on this object.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The checksum of a text at once.
std::string hex_digest(DigestKind kind, std::string_view bytes);
/// The authentication code HMAC-SHA256, as 32 bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// Bytes as lower-case hexadecimal digits.
std::string hex_of(std::string_view bytes);
/// Bytes in base64 with padding, in one line (RFC 4648, section 4).
std::string base64_of(std::string_view bytes);

}  // namespace dm
