// Tars in memory, by libarchive.
#include "bundle/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/strings.h"
#include "bundle/bundle.h"

namespace dm {
namespace {

constexpr size_t file_limit = size_t{16} << 20U;  // bytes
constexpr size_t count_limit = 20'000;
constexpr size_t name_limit = 1000;

struct Free {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, Free>;
using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

la_ssize_t append(archive*, void* text, const void* bytes, size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool stays_below(const std::string& name) {
  if (name.empty() || name.size() > name_limit) return false;
  const auto is_odd = [](unsigned char letter) { return letter < ' ' || letter == 0x7f || letter == '\\'; };
  if (std::ranges::any_of(name, is_odd)) return false;
  return std::ranges::none_of(
      split(name, '/'), [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

std::string name_of(archive_entry* entry) {
  const char* const name = archive_entry_pathname(entry);
  if (name == nullptr || !stays_below(name)) {
    throw Error(fmt::format("the bundle has a file with a forbidden name, {}",
                            go_quote(name == nullptr ? "" : name)));
  }
  const bool plain = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr &&
                     archive_entry_symlink(entry) == nullptr;
  if (!plain) throw Error(fmt::format("the bundle has something that is no plain file, {}", go_quote(name)));
  return name;
}

std::string content_of(archive* reader, archive_entry* entry, const std::string& name) {
  const auto size = archive_entry_size(entry);
  if (archive_entry_size_is_set(entry) == 0 || size < 0 || static_cast<size_t>(size) > file_limit) {
    throw Error(fmt::format("the bundle has a file that is too large, {}", go_quote(name)));
  }
  std::string content(static_cast<size_t>(size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const auto count = archive_read_data(reader, content.data() + filled, content.size() - filled);
    if (count <= 0) throw Error("the bundle is damaged: it ends in the middle of a file");
    filled += static_cast<size_t>(count);
  }
  return content;
}

}  // namespace

std::string tar_of(const NamedTexts& files) {
  std::string tar;
  const Writer writer(archive_write_new(), archive_write_free);
  const auto expect = [&](la_ssize_t result, la_ssize_t expected) {
    if (result != expected)
      throw Error(fmt::format("cannot write the bundle: {}", archive_error_string(writer.get())));
  };
  expect(archive_write_set_format_pax_restricted(writer.get()), ARCHIVE_OK);
  expect(archive_write_open(writer.get(), &tar, nullptr, append, nullptr), ARCHIVE_OK);
  for (const auto& [name, content] : files) {
    const Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), private_file);
    expect(archive_write_header(writer.get(), entry.get()), ARCHIVE_OK);
    expect(archive_write_data(writer.get(), content.data(), content.size()),
           static_cast<la_ssize_t>(content.size()));
  }
  expect(archive_write_close(writer.get()), ARCHIVE_OK);
  return tar;
}

NamedTexts files_of_tar(const std::string& tar) {
  const Reader reader(archive_read_new(), archive_read_free);
  const auto damaged = [&] {
    const char* const why = archive_error_string(reader.get());
    return Error(fmt::format("the bundle is damaged: {}", why == nullptr ? "it is no tar" : why));
  };
  if (archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
      archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) {
    throw damaged();
  }
  NamedTexts files;
  std::set<std::string> names;
  size_t total = 0;
  for (archive_entry* entry = nullptr;;) {
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return files;
    if (result != ARCHIVE_OK) throw damaged();
    std::string name = name_of(entry);
    if (!names.insert(name).second) {
      throw Error(fmt::format("the bundle is damaged: it has {} twice", go_quote(name)));
    }
    std::string content = content_of(reader.get(), entry, name);
    total += content.size();
    if (names.size() > count_limit || total > bundle_limit) throw Error("the bundle holds too much");
    files.emplace_back(std::move(name), std::move(content));
  }
}

}  // namespace dm
