#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace dm {

/// A server's public key as a known_hosts file spells it.
struct HostKey {
  std::string type;    ///< e.g. "ssh-ed25519"; empty for a line that nobody can read
  std::string base64;  ///< the key itself
  bool operator==(const HostKey&) const = default;
};

/// "SHA256:…" as ssh-keygen -l shows it, or "(unreadable)".
std::string fingerprint(const HostKey& key);

/// The keys that a known_hosts file has for the name; none if there is no such file. A line for the name that
/// cannot be read counts as a key that no server has, so that damage never makes a machine unknown again.
std::vector<HostKey> pinned_host_keys(const std::filesystem::path& file, const std::string& alias);

/// Adds a key for the name to the file (mode 0600, one line, in one step); nothing to do if it is there
/// already. Error(host_key_changed) if the file has other keys for the name and not this one. Safe among
/// processes.
void pin_host_key(const std::filesystem::path& file, const std::string& alias, const HostKey& key);

/// The text of a known_hosts file in which these keys are the only ones for a name.
std::string with_host_keys(const std::string& text, const std::string& alias,
                           const std::vector<HostKey>& keys);

/// The text of a known_hosts file in which the lines for one name, as pin_host_key() writes them, are for
/// another.
std::string with_other_alias(const std::string& text, const std::string& from, const std::string& to);
/// The same with the lines for both names.
std::string with_both_aliases(const std::string& text, const std::string& from, const std::string& to);

/// What to tell the user when the machine answers with a key that is not among the pinned ones.
Error changed_host_key(const std::filesystem::path& file, const std::string& alias,
                       const std::vector<HostKey>& pinned, const HostKey& offered);

}  // namespace dm
