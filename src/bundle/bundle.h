#pragma once
#include <map>
#include <string>

#include "base/file.h"
#include "base/json.h"

namespace dm {

/// What a bundle holds: some machines, a whole store, or a certificate authority.
enum class BundleKind { machines, store, authority };

/// Permission bits of a file that everybody may read, as a certificate.
inline constexpr unsigned readable_file = 0644;

/// One file of a bundle.
struct BundleFile {
  std::string content;
  unsigned mode = private_file;
};

/// What travels from computer to computer: files by relative names ("machines/web/config.json"), and what is
/// said of them.
struct Bundle {
  BundleKind kind = BundleKind::machines;
  std::string creator;  ///< version of the docker-machine that made it
  Json facts = Json::object();
  std::map<std::string, BundleFile> files;

  /// The content of a file; Error if the bundle lacks it.
  const std::string& text(const std::string& name) const;
};

/// The bundle as a tar, which begins with manifest.json: format, kind, creator, facts, and each file's size,
/// mode and SHA-256.
std::string packed(const Bundle& bundle);
/// Reads such a tar. Error, whose text begins "the bundle", if anything in it is not as packed() leaves it:
/// another format, names that lead out of a folder, links, absurd sizes, files that the manifest does not
/// name or names otherwise.
Bundle unpacked(const std::string& tar);

/// 16 hexadecimal digits by which equal texts are known: the beginning of their SHA-256.
std::string short_digest(const std::string& text);

/// No bundle is larger than that, in bytes, nor what it holds.
inline constexpr size_t bundle_limit = size_t{256} << 20U;

}  // namespace dm
