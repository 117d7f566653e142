#pragma once
#include <string>
#include <string_view>

namespace dm {

/// How a bundle's file is closed: with a passphrase, for recipients by the age program, or not at all.
enum class Seal { passphrase, age, none };

/// What guessing a passphrase costs (Argon2id): passes, and memory in KiB. The default takes about a second.
struct GuessingCost {
  unsigned passes = 3;
  unsigned memory = 256 * 1024;
};

/// How a file that should be a bundle is closed; Error if it is none, or of a format of the future.
Seal seal_of(std::string_view file);

/// `content` so that only the passphrase opens it, and any change is noticed: Argon2id and
/// XChaCha20-Poly1305 (libsodium's secretstream), in pieces of 64 KiB.
std::string sealed(std::string_view content, std::string_view passphrase, GuessingCost cost = {});
/// Error if the passphrase is wrong, or a single bit is not as it was, lacks, or is too much.
std::string unsealed(std::string_view file, std::string_view passphrase);

/// `content` with its digest, for everybody to read.
std::string labelled(std::string_view content);
/// Error if it is not as it was.
std::string unlabelled(std::string_view file);

}  // namespace dm
