// cloud-init's NoCloud seed, written with libarchive.
#include "drivers/qemu/seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <memory>

#include "base/json.h"
#include "base/strings.h"

namespace dm {
namespace {

// JSON is YAML in which nothing needs guessing about quotes.
std::string our_cloud_config(const Seed& seed) {
  Json user{{"name", seed.user},
            {"gecos", "docker-machine"},
            {"groups", Json::array({"docker"})},
            {"sudo", "ALL=(ALL) NOPASSWD:ALL"},
            {"shell", "/bin/bash"},
            {"lock_passwd", true},
            {"ssh_authorized_keys", Json::array({seed.authorized_key})}};
  // An image with an engine has this group already, and then useradd refuses to make it for the user.
  if (seed.user == "docker") user["primary_group"] = "docker";
  const Json config{
      {"hostname", seed.hostname},
      {"preserve_hostname", false},
      {"users", Json::array({user})},
      {"ssh_pwauth", false},
      {"ssh_deletekeys", true},
      {"ssh_keys", {{"ecdsa_private", seed.host_key}, {"ecdsa_public", seed.host_public_key}}},
      {"package_update", false},
      {"package_upgrade", false},
  };
  return "#cloud-config\n" + config.dump(1, ' ', true) + "\n";
}

/// The MIME headers for the user's own data; text that is MIME already brings its own.
std::string headers_for(const std::string& user_data) {
  if (lower(user_data.substr(0, 13)) == "content-type:" || lower(user_data.substr(0, 13)) == "mime-version:")
    return "";
  struct Kind {
    std::string_view start, type;
  };
  for (const auto& [start, type] : {Kind{"#cloud-config-archive", "text/cloud-config-archive"},
                                    {"#cloud-config", "text/cloud-config"},
                                    {"#!", "text/x-shellscript"},
                                    {"#include-once", "text/x-include-once-url"},
                                    {"#include", "text/x-include-url"},
                                    {"#cloud-boothook", "text/cloud-boothook"},
                                    {"## template: jinja", "text/jinja2"}}) {
    // Lists are joined, and what we say of the machine itself stays.
    if (user_data.starts_with(start)) {
      return fmt::format(
          "Content-Type: {}; charset=\"utf-8\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
          "X-Merge-Type: list(append)+dict(no_replace,recurse_list)+str()\n\n",
          type);
    }
  }
  throw Error(
      "the user-data file is nothing that cloud-init knows: its first line has to be \"#cloud-config\", "
      "\"#!…\" or another of cloud-init's",
      Reason::usage);
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
  std::string ours = our_cloud_config(seed);
  if (trim(seed.user_data).empty()) return ours;
  const std::string boundary = "==" + random_hex(32) + "==";
  return fmt::format(
      "Content-Type: multipart/mixed; boundary=\"{0}\"\nMIME-Version: 1.0\n\n"
      "--{0}\nContent-Type: text/cloud-config; charset=\"utf-8\"\nMIME-Version: 1.0\n\n{1}\n"
      "--{0}\n{2}{3}\n--{0}--\n",
      boundary, ours, headers_for(seed.user_data), seed.user_data);
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
