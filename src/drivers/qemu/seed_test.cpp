// The seed, read back as cloud-init would.
#include "drivers/qemu/seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <map>

#include "base/json.h"
#include "base/strings.h"

namespace dm {
namespace {

Seed a_seed() {
  return {.instance_id = "iid-1",
          .hostname = "dev",
          .user = "docker",
          .authorized_key = "ssh-rsa AAAA dev",
          .host_key = "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n",
          .host_public_key = "ecdsa-sha2-nistp256 BBBB dev"};
}

std::map<std::string, std::string> files_in(const std::string& image) {
  std::map<std::string, std::string> files;
  archive* reader = archive_read_new();
  archive_read_support_format_iso9660(reader);
  EXPECT_EQ(archive_read_open_memory(reader, image.data(), image.size()), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    std::string content(static_cast<size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(reader, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    files[archive_entry_pathname(entry)] = content;
  }
  archive_read_free(reader);
  return files;
}

TEST(Seed, IsAnImageThatCloudInitFinds) {
  const std::string image = seed_image(a_seed());
  EXPECT_EQ(image.substr(size_t{16} * 2048, 6), std::string("\1CD001", 6));
  EXPECT_EQ(trim(image.substr(size_t{16} * 2048 + 40, 32)), "CIDATA");
  const auto files = files_in(image);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files.at("user-data"), user_data_of(a_seed()));
  EXPECT_EQ(parse_json(files.at("meta-data")), (Json{{"instance-id", "iid-1"}, {"local-hostname", "dev"}}));
}

TEST(Seed, TellsWhoMayLogInAndWhoTheMachineIs) {
  const std::string text = user_data_of(a_seed());
  ASSERT_TRUE(text.starts_with("#cloud-config\n"));
  const Json config = parse_json(text.substr(text.find('\n')));
  EXPECT_EQ(config["hostname"], "dev");
  EXPECT_EQ(config["ssh_keys"]["ecdsa_private"], a_seed().host_key);
  EXPECT_EQ(config["ssh_keys"]["ecdsa_public"], "ecdsa-sha2-nistp256 BBBB dev");
  ASSERT_EQ(config["users"].size(), 1U);
  const Json& user = config["users"][0];
  EXPECT_EQ(user["name"], "docker");
  EXPECT_EQ(user["sudo"], "ALL=(ALL) NOPASSWD:ALL");
  EXPECT_EQ(user["primary_group"], "docker");
  EXPECT_EQ(user["ssh_authorized_keys"], Json::array({"ssh-rsa AAAA dev"}));
}

TEST(Seed, LeavesOtherUsersTheirOwnGroup) {
  Seed seed = a_seed();
  seed.user = "it's \"me\"";
  const std::string text = user_data_of(seed);
  const Json config = parse_json(text.substr(text.find('\n')));
  EXPECT_EQ(config["users"][0]["name"], seed.user);
  EXPECT_FALSE(config["users"][0].contains("primary_group"));
}

}  // namespace
}  // namespace dm
