// cloud-init's NoCloud seed, written with libarchive.
#include "drivers/qemu/seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <memory>

#include "base/json.h"
#include "drivers/cloud_init.h"

namespace dm {
namespace {

Json our_cloud_config(const Seed& seed) {
  return Json{
      {"hostname", seed.hostname},
      {"preserve_hostname", false},
      {"users", Json::array({login_user(seed.user, seed.authorized_key)})},
      {"ssh_pwauth", false},
      {"ssh_deletekeys", true},
      {"ssh_keys", {{"ecdsa_private", seed.host_key}, {"ecdsa_public", seed.host_public_key}}},
      {"package_update", false},
      {"package_upgrade", false},
  };
}

struct Free {
  void operator()(archive* writer) const { archive_write_free(writer); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* text, const void* bytes, size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void add_file(archive* writer, const char* name, const std::string& content) {
  const std::unique_ptr<archive_entry, Free> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0400);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK ||
      archive_write_data(writer, content.data(), content.size()) != static_cast<la_ssize_t>(content.size())) {
    throw Error(fmt::format("cannot write the machine's seed: {}", archive_error_string(writer)));
  }
}

}  // namespace

std::string user_data_of(const Seed& seed) {
  return merged_user_data(our_cloud_config(seed), seed.user_data);
}

std::string meta_data_of(const Seed& seed) {
  return Json{{"instance-id", seed.instance_id}, {"local-hostname", seed.hostname}}.dump() + "\n";
}

std::string seed_image(const Seed& seed) {
  std::string image;
  const std::unique_ptr<archive, Free> writer(archive_write_new());
  const auto expect = [&](int result) {
    if (result != ARCHIVE_OK) {
      throw Error(fmt::format("cannot write the machine's seed: {}", archive_error_string(writer.get())));
    }
  };
  expect(archive_write_set_format_iso9660(writer.get()));
  expect(archive_write_set_format_option(writer.get(), "iso9660", "volume-id", "CIDATA"));
  expect(archive_write_set_format_option(writer.get(), "iso9660", "rockridge", "useful"));
  expect(archive_write_set_format_option(writer.get(), "iso9660", "joliet", "1"));
  expect(archive_write_open(writer.get(), &image, nullptr, append, nullptr));
  add_file(writer.get(), "meta-data", meta_data_of(seed));
  add_file(writer.get(), "user-data", user_data_of(seed));
  expect(archive_write_close(writer.get()));
  return image;
}

}  // namespace dm
