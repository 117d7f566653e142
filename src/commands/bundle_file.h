#pragma once
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "commands/command.h"

namespace dm {

/// --output, and how the file is encrypted.
std::vector<Flag> writing_flags();
/// How the file is decrypted.
std::vector<Flag> reading_flags();

/// Error(usage) if these flags contradict each other, or the file cannot be written in the end.
void check_writing_flags(const Context& context);
/// Writes the bundle where --output says, encrypted as the flags say; asks twice for a passphrase if none is
/// given.
void write_bundle(Context& context, Bundle bundle);

/// Whether a word means a folder, rather than a bundle's file.
bool is_folder(const std::string& word);
/// Reads a bundle from a file, or from standard input if that is "-".
Bundle read_bundle(Context& context, const std::string& file);

/// The bundle without any encryption, for a channel that has its own.
std::string for_safe_channel(const Context& context, Bundle bundle);

/// "OLD=NEW" and "NEW" of --as; Error(usage) for what is neither.
std::map<std::string, std::string> new_names(const Context& context);

}  // namespace dm
