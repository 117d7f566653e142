// The file in which a machine's SSH host keys are pinned.
#include "ssh/known_hosts.h"

#include <fmt/core.h>
#include <libssh/libssh.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"

namespace dm {
namespace {

bool is_about(const std::string& line, const std::string& alias) {
  ssh_knownhosts_entry* entry = nullptr;
  const int code = ssh_known_hosts_parse_line(lower(alias).c_str(), line.c_str(), &entry);
  if (entry != nullptr) ssh_knownhosts_entry_free(entry);
  return code != SSH_AGAIN;
}

HostKey key_of(const std::string& line) {
  std::vector<std::string> words;
  for (auto& word : split(line, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words.size() < 3 ? HostKey{} : HostKey{words[1], words[2]};
}

std::vector<HostKey> keys_in(const std::string& text, const std::string& alias) {
  std::vector<HostKey> keys;
  for (const auto& part : split(text, '\n')) {
    const std::string line = replace_all(std::string(trim(part)), "\t", " ");
    if (line.empty() || line.starts_with('#') || !is_about(line, alias)) continue;
    keys.push_back(key_of(line));
  }
  return keys;
}

std::string line_of(const HostKey& key, const std::string& alias) {
  return fmt::format("{} {} {}\n", lower(alias), key.type, key.base64);
}

}  // namespace

std::string fingerprint(const HostKey& key) {
  std::string text = "(unreadable)";
  ssh_key parsed = nullptr;
  unsigned char* hash = nullptr;
  size_t size = 0;
  if (ssh_pki_import_pubkey_base64(key.base64.c_str(), ssh_key_type_from_name(key.type.c_str()), &parsed) ==
          SSH_OK &&
      ssh_get_publickey_hash(parsed, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) == 0) {
    char* shown = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
    if (shown != nullptr) text = shown;
    ssh_string_free_char(shown);
  }
  if (hash != nullptr) ssh_clean_pubkey_hash(&hash);
  ssh_key_free(parsed);
  return text;
}

std::vector<HostKey> pinned_host_keys(const fs::path& file, const std::string& alias) {
  return keys_in(read_file_if_there(file).value_or(""), alias);
}

void pin_host_key(const fs::path& file, const std::string& alias, const HostKey& key) {
  const std::string line = line_of(key, alias);
  auto text = read_file_if_there(file);
  if (!text) {
    try {
      return write_new_file(file, line, private_file);
    } catch (const Error& error) {
      // Another process met the machine at the same moment: what it pinned holds.
      if (error.reason() != Reason::already_exists) throw;
      text = read_file(file);
    }
  }
  const auto pinned = keys_in(*text, alias);
  if (std::ranges::find(pinned, key) != pinned.end()) return;
  if (!pinned.empty()) throw changed_host_key(file, alias, pinned, key);
  if (!text->empty() && !text->ends_with('\n')) *text += '\n';
  write_file(file, *text + line, private_file);
}

std::string with_host_keys(const std::string& text, const std::string& alias,
                           const std::vector<HostKey>& keys) {
  std::string other;
  for (const auto& line : split(text, '\n')) {
    const std::string plain = replace_all(std::string(trim(line)), "\t", " ");
    if (!plain.empty() && (plain.starts_with('#') || !is_about(plain, alias))) other += line + "\n";
  }
  for (const auto& key : keys) other += line_of(key, alias);
  return other;
}

std::string with_other_alias(const std::string& text, const std::string& from, const std::string& to) {
  std::vector<std::string> lines;
  for (auto& line : split(text, '\n')) {
    if (lower(line).starts_with(lower(from) + " ")) line = lower(to) + line.substr(from.size());
    if (line.empty() || std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  }
  return join(lines, "\n");
}

std::string with_both_aliases(const std::string& text, const std::string& from, const std::string& to) {
  const bool ended = text.empty() || text.ends_with('\n');
  return text + (ended ? "" : "\n") + with_other_alias(text, from, to);
}

Error changed_host_key(const fs::path& file, const std::string& alias, const std::vector<HostKey>& pinned,
                       const HostKey& offered) {
  std::vector<std::string> expected;
  expected.reserve(pinned.size());
  for (const auto& key : pinned) expected.push_back(fmt::format("{} {}", key.type, fingerprint(key)));
  return Error(
      fmt::format(
          "the SSH host key of machine \"{}\" has changed: it was {}, now it is {} {}. Somebody may be "
          "answering in the machine's place. If you know that the machine was rebuilt, remove the lines for "
          "\"{}\" from \"{}\" and try again.",
          alias, join(expected, " or "), offered.type, fingerprint(offered), lower(alias), file.string()),
      Reason::host_key_changed);
}

}  // namespace dm
