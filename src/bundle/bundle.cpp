// A bundle and its manifest.
#include "bundle/bundle.h"

#include <fmt/core.h>

#include <array>

#include "base/strings.h"
#include "bundle/tar.h"
#include "keys/digest.h"

namespace dm {
namespace {

constexpr int format = 1;
constexpr auto manifest_name = "manifest.json";
constexpr std::array kinds{std::pair{BundleKind::machines, "machines"}, std::pair{BundleKind::store, "store"},
                           std::pair{BundleKind::authority, "authority"}};

std::string word_of(BundleKind kind) {
  for (const auto& [known, word] : kinds) {
    if (known == kind) return word;
  }
  throw Error("a bundle without a kind");
}

BundleKind kind_of(const std::string& word) {
  for (const auto& [kind, known] : kinds) {
    if (word == known) return kind;
  }
  throw Error(fmt::format("the bundle holds something that is not known here, {}", go_quote(word)));
}

Json manifest_of(const Bundle& bundle) {
  Json files = Json::array();
  for (const auto& [name, file] : bundle.files) {
    files.push_back({{"Name", name},
                     {"Size", file.content.size()},
                     {"Mode", file.mode},
                     {"Sha256", hex_digest(DigestKind::sha256, file.content)}});
  }
  return {{"Format", format},
          {"Kind", word_of(bundle.kind)},
          {"Creator", bundle.creator},
          {"Facts", bundle.facts},
          {"Files", files}};
}

Json read_manifest(const NamedTexts& files) {
  if (files.empty() || files.front().first != manifest_name) throw Error("the bundle has no manifest");
  Json manifest = in_context("the bundle's manifest", [&] { return parse_json(files.front().second); });
  const long long version = number_of(manifest, "Format");
  if (version > format) {
    throw Error(fmt::format("the bundle was made by a newer docker-machine ({}, format {}): update this one",
                            text_of(manifest, "Creator"), version));
  }
  if (version != format || !manifest.contains("Files") || !manifest["Files"].is_array())
    throw Error("the bundle's manifest is damaged");
  return manifest;
}

void check_listed(const Json& row, const std::string& name, const std::string& content) {
  const bool fits = text_of(row, "Name") == name &&
                    number_of(row, "Size", -1) == static_cast<long long>(content.size()) &&
                    text_of(row, "Sha256") == hex_digest(DigestKind::sha256, content);
  if (!fits) throw Error(fmt::format("the bundle is damaged: {} is not what was packed", go_quote(name)));
}

}  // namespace

std::string short_digest(const std::string& text) {
  return hex_digest(DigestKind::sha256, text).substr(0, 16);
}

const std::string& Bundle::text(const std::string& name) const {
  const auto found = files.find(name);
  if (found == files.end()) throw Error(fmt::format("the bundle lacks the file {}", go_quote(name)));
  return found->second.content;
}

std::string packed(const Bundle& bundle) {
  NamedTexts files{{manifest_name, go_json(manifest_of(bundle), 2) + "\n"}};
  for (const auto& [name, file] : bundle.files) files.emplace_back(name, file.content);
  std::string tar = tar_of(files);
  if (tar.size() > bundle_limit)
    throw Error(
        fmt::format("this is too much for one bundle, which holds {} MiB at most", bundle_limit >> 20U));
  return tar;
}

Bundle unpacked(const std::string& tar) {
  NamedTexts files = files_of_tar(tar);
  const Json manifest = read_manifest(files);
  const Json& rows = manifest["Files"];
  if (rows.size() + 1 != files.size())
    throw Error("the bundle is damaged: it does not have the files that its manifest names");
  Bundle bundle{.kind = kind_of(text_of(manifest, "Kind")),
                .creator = text_of(manifest, "Creator"),
                .facts = manifest.value("Facts", Json::object()),
                .files = {}};
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& [name, content] = files[i + 1];
    check_listed(rows[i], name, content);
    // Nothing in a store is for more than to be read by others, whatever a manifest says.
    const unsigned mode = number_of(rows[i], "Mode") == readable_file ? readable_file : private_file;
    bundle.files.emplace(std::move(name), BundleFile{.content = std::move(content), .mode = mode});
  }
  return bundle;
}

}  // namespace dm
