// What keeps a bundle's file closed and whole. The first line names the format, for people and programs.
#include "bundle/seal.h"

#include <fmt/core.h>
#include <sodium.h>

#include <array>

#include "base/error.h"
#include "base/strings.h"
#include "keys/digest.h"

namespace dm {
namespace {

constexpr int format = 1;
constexpr std::string_view first_words = "docker-machine bundle ";
constexpr size_t longest_line = 80;
constexpr std::string_view passphrase_word = "passphrase", plain_word = "plain";

constexpr size_t piece = size_t{64} * 1024;  // bytes
constexpr size_t overhead = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr size_t salt_size = crypto_pwhash_argon2id_SALTBYTES;
constexpr size_t stream_header_size = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr size_t numbers_size = 8;
// More than that nobody has chosen: the file is damaged, or wants to keep this computer busy.
constexpr GuessingCost highest_cost{.passes = 16, .memory = 2 * 1024 * 1024};

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void begin() {
  if (sodium_init() < 0) throw Error("libsodium cannot be used: this computer gives no random numbers");
}

std::string first_line(std::string_view word) { return fmt::format("{}{} {}\n", first_words, format, word); }

void append_number(std::string& text, unsigned number) {
  for (unsigned shift = 0; shift < 32; shift += 8) text += static_cast<char>(number >> shift);
}

unsigned number_at(std::string_view text, size_t at) {
  unsigned number = 0;
  for (unsigned i = 0; i < 4; ++i)
    number |= static_cast<unsigned>(static_cast<unsigned char>(text[at + i])) << (8 * i);
  return number;
}

/// A key that is wiped when it goes.
class StreamKey {
 public:
  StreamKey(std::string_view passphrase, std::string_view salt, GuessingCost cost) {
    if (crypto_pwhash(bytes_.data(), bytes_.size(), passphrase.data(), passphrase.size(), bytes(salt),
                      cost.passes, size_t{cost.memory} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
      throw Error(fmt::format("this computer has no {} MiB of memory to spare, which the passphrase needs",
                              cost.memory / 1024));
    }
  }
  ~StreamKey() { sodium_memzero(bytes_.data(), bytes_.size()); }
  StreamKey(const StreamKey&) = delete;
  StreamKey& operator=(const StreamKey&) = delete;
  const unsigned char* data() const { return bytes_.data(); }

 private:
  std::array<unsigned char, crypto_secretstream_xchacha20poly1305_KEYBYTES> bytes_{};
};

Error cut() { return Error("the bundle is damaged: its end is missing"); }

Error altered(size_t at) {
  return Error(at == 0
                   ? "the bundle cannot be opened: the passphrase is wrong, or the file was altered or cut"
                   : "the bundle is damaged: it was altered or cut");
}

/// Takes `prefix` off the front of the text.
std::string_view take(std::string_view& text, size_t size) {
  if (text.size() < size) throw cut();
  const std::string_view front = text.substr(0, size);
  text.remove_prefix(size);
  return front;
}

std::string_view body_of(std::string_view file, std::string_view word) {
  const std::string line = first_line(word);
  if (!file.starts_with(line)) throw Error("the bundle is damaged: its first line is not as it was");
  return file.substr(line.size());
}

}  // namespace

Seal seal_of(std::string_view file) {
  if (file.starts_with("age-encryption.org/") || file.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"))
    return Seal::age;
  if (!file.starts_with(first_words)) throw Error("this is no bundle of docker-machine's");
  const auto end = file.substr(0, longest_line).find('\n');
  const auto words =
      split(file.substr(first_words.size(),
                        end == std::string_view::npos ? longest_line : end - first_words.size()),
            ' ');
  if (const int version = number_or_minus_one(words.front()); version > format) {
    throw Error(
        fmt::format("the bundle was made by a newer docker-machine (format {}): update this one", version));
  }
  if (file.starts_with(first_line(passphrase_word))) return Seal::passphrase;
  if (file.starts_with(first_line(plain_word))) return Seal::none;
  throw Error("the bundle is damaged: its first line is not as it was");
}

std::string sealed(std::string_view content, std::string_view passphrase, GuessingCost cost) {
  begin();
  std::string salt(salt_size, '\0'), header(stream_header_size, '\0');
  randombytes_buf(salt.data(), salt.size());
  const StreamKey key(passphrase, salt, cost);
  crypto_secretstream_xchacha20poly1305_state state;
  crypto_secretstream_xchacha20poly1305_init_push(&state, bytes(header), key.data());
  std::string file = first_line(passphrase_word);
  append_number(file, cost.passes), append_number(file, cost.memory);
  file += salt + header;
  // The first piece vouches for all that stands before it.
  std::string vouched = file;
  bool last = false;
  while (!last) {
    const std::string_view part = content.substr(0, piece);
    content.remove_prefix(part.size());
    last = content.empty();
    std::string coded(part.size() + overhead, '\0');
    crypto_secretstream_xchacha20poly1305_push(&state, bytes(coded), nullptr, bytes(part), part.size(),
                                               bytes(std::string_view(vouched)), vouched.size(),
                                               last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    vouched.clear();
    file += coded;
  }
  sodium_memzero(&state, sizeof state);
  return file;
}

std::string unsealed(std::string_view file, std::string_view passphrase) {
  begin();
  std::string_view rest = body_of(file, passphrase_word);
  const std::string_view numbers = take(rest, numbers_size);
  const GuessingCost cost{.passes = number_at(numbers, 0), .memory = number_at(numbers, 4)};
  if (cost.passes == 0 || cost.passes > highest_cost.passes || cost.memory < 8 ||
      cost.memory > highest_cost.memory) {
    throw Error("the bundle is damaged: it asks for an absurd amount of work");
  }
  const std::string_view salt = take(rest, salt_size), header = take(rest, stream_header_size);
  std::string_view vouched = file.substr(0, file.size() - rest.size());
  if (rest.size() < overhead) throw cut();
  const StreamKey key(passphrase, salt, cost);
  crypto_secretstream_xchacha20poly1305_state state;
  if (crypto_secretstream_xchacha20poly1305_init_pull(&state, bytes(header), key.data()) != 0)
    throw altered(0);
  std::string content;
  unsigned char tag = 0;
  while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
    if (rest.empty()) throw cut();
    const std::string_view coded = rest.substr(0, piece + overhead);
    rest.remove_prefix(coded.size());
    if (coded.size() < overhead) throw altered(content.size());
    const size_t at = content.size();
    content.resize(at + coded.size() - overhead);
    if (crypto_secretstream_xchacha20poly1305_pull(&state, bytes(content) + at, nullptr, &tag, bytes(coded),
                                                   coded.size(), bytes(vouched), vouched.size()) != 0) {
      throw altered(at);
    }
    vouched = {};
  }
  sodium_memzero(&state, sizeof state);
  if (!rest.empty()) throw Error("the bundle is damaged: something was added at its end");
  return content;
}

std::string labelled(std::string_view content) {
  return first_line(plain_word) + hex_digest(DigestKind::sha256, content) + "\n" + std::string(content);
}

std::string unlabelled(std::string_view file) {
  std::string_view rest = body_of(file, plain_word);
  constexpr size_t digest_size = 64;
  const std::string_view line = take(rest, digest_size + 1);
  if (line != hex_digest(DigestKind::sha256, rest) + "\n")
    throw Error("the bundle is damaged: it was altered or cut");
  return std::string(rest);
}

}  // namespace dm
