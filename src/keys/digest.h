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

}  // namespace dm
