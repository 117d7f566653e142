// Bundles come back as they went in, and nothing else comes back: cut, altered, and hostile ones.
#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"
#include "bundle/seal.h"
#include "bundle/tar.h"
#include "keys/digest.h"

namespace dm {
namespace {

/// Guessing is cheap here, so that a thousand attempts take a moment.
constexpr GuessingCost cheap{.passes = 1, .memory = 8};

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Bundle sample() {
  Bundle bundle{.kind = BundleKind::machines, .creator = "0.17.0", .facts = {{"Machines", 1}}, .files = {}};
  bundle.files["machines/web/config.json"] = {.content = "{}", .mode = private_file};
  bundle.files["machines/web/ca.pem"] = {.content = std::string(100'000, 'x'), .mode = 0644};
  bundle.files["machines/web/empty"] = {};
  return bundle;
}

/// The tar of a manifest that fits these files.
std::string tar_with_manifest(const NamedTexts& files) {
  Json rows = Json::array();
  for (const auto& [name, content] : files)
    rows.push_back({{"Name", name},
                    {"Size", content.size()},
                    {"Mode", 0600},
                    {"Sha256", hex_digest(DigestKind::sha256, content)}});
  NamedTexts all{{"manifest.json", Json{{"Format", 1}, {"Kind", "machines"}, {"Files", rows}}.dump()}};
  all.insert(all.end(), files.begin(), files.end());
  return tar_of(all);
}

TEST(Bundle, ComesBackAsItWentIn) {
  const Bundle bundle = unpacked(packed(sample()));
  EXPECT_EQ(bundle.kind, BundleKind::machines);
  EXPECT_EQ(bundle.creator, "0.17.0");
  EXPECT_EQ(bundle.facts, sample().facts);
  ASSERT_EQ(bundle.files.size(), 3U);
  EXPECT_EQ(bundle.text("machines/web/ca.pem"), std::string(100'000, 'x'));
  EXPECT_EQ(bundle.files.at("machines/web/ca.pem").mode, 0644U);
  EXPECT_EQ(bundle.files.at("machines/web/config.json").mode, private_file);
  EXPECT_EQ(refusal([&] { (void)bundle.text("other"); }), "the bundle lacks the file \"other\"");
}

TEST(Bundle, LetsNoNameOutOfItsFolder) {
  for (const std::string name :
       {"../evil", "/etc/passwd", "a/../../b", "a//b", "./a", "a/.", "a\\b", "a\nb"}) {
    const std::string said = refusal([&] { unpacked(tar_with_manifest({{name, "x"}})); });
    EXPECT_TRUE(said.starts_with("the bundle has a file with a forbidden name")) << name << ": " << said;
  }
}

TEST(Bundle, TakesPlainFilesOnly) {
  for (const auto kind : {AE_IFLNK, AE_IFDIR, AE_IFIFO, AE_IFCHR}) {
    std::string tar(1 << 16, '\0');
    size_t used = 0;
    archive* const writer = archive_write_new();
    archive_write_set_format_ustar(writer);
    archive_write_open_memory(writer, tar.data(), tar.size(), &used);
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, "link");
    archive_entry_set_filetype(entry, kind);
    if (kind == AE_IFLNK) archive_entry_set_symlink(entry, "/etc/passwd");
    archive_write_header(writer, entry);
    archive_entry_free(entry);
    archive_write_free(writer);
    tar.resize(used);
    const std::string said = refusal([&] { unpacked(tar); });
    EXPECT_TRUE(said.contains("no plain file") || said.contains("forbidden name")) << kind << ": " << said;
  }
}

TEST(Bundle, BelievesNoAbsurdSize) {
  std::string tar = tar_of({{"manifest.json", "x"}});
  // The size field of the first header, in octal: 8 GiB; then its checksum anew.
  tar.replace(124, 11, "77777777777");
  tar.replace(148, 8, "        ");
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  char digits[8];
  snprintf(digits, sizeof digits, "%06o", sum);
  tar.replace(148, 7, std::string(digits, 7));
  EXPECT_EQ(refusal([&] { unpacked(tar); }), "the bundle has a file that is too large, \"manifest.json\"");
}

TEST(Bundle, RefusesFormatsOfTheFuture) {
  const std::string tar = tar_of({{"manifest.json", R"({"Format": 2, "Creator": "9.9", "Files": []})"}});
  EXPECT_EQ(refusal([&] { unpacked(tar); }),
            "the bundle was made by a newer docker-machine (9.9, format 2): update this one");
  EXPECT_EQ(refusal([] { seal_of("docker-machine bundle 2 passphrase\n…"); }),
            "the bundle was made by a newer docker-machine (format 2): update this one");
}

TEST(Bundle, WantsAllFilesOfItsManifestAndNoMore) {
  const std::string more =
      tar_of({{"manifest.json", R"({"Format": 1, "Kind": "machines", "Files": []})"}, {"stowaway", "x"}});
  EXPECT_EQ(refusal([&] { unpacked(more); }),
            "the bundle is damaged: it does not have the files that its manifest names");
  std::string tar = tar_with_manifest({{"a", "content"}});
  tar.replace(tar.find("content", 1024), 7, "CONTENT");
  EXPECT_EQ(refusal([&] { unpacked(tar); }), "the bundle is damaged: \"a\" is not what was packed");
  EXPECT_TRUE(refusal([] { unpacked(tar_of({{"a", "x"}, {"a", "y"}})); }).contains("twice"));
  EXPECT_EQ(refusal([] { unpacked(tar_of({})); }), "the bundle has no manifest");
  EXPECT_FALSE(refusal([] { unpacked(""); }).empty());
  EXPECT_FALSE(refusal([] { unpacked(std::string(5000, 'z')); }).empty());
}

TEST(Bundle, SurvivesDamagedTars) {
  const std::string whole = packed(sample());
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string tar = whole;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes)
      tar[random() % std::min<size_t>(tar.size(), 6000)] = static_cast<char>(random());
    if (random() % 4 == 0) tar.resize(random() % tar.size());
    try {
      const Bundle bundle = unpacked(tar);
      for (const auto& [name, file] : bundle.files) EXPECT_EQ(sample().text(name), file.content);
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("the bundle")) << error.what();
    }
  }
}

TEST(Seal, OpensWithItsPassphraseOnly) {
  for (const size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200'000U}) {
    const std::string content(size, 'c');
    const std::string file = sealed(content, "correct horse", cheap);
    EXPECT_EQ(seal_of(file), Seal::passphrase);
    EXPECT_EQ(unsealed(file, "correct horse"), content);
    EXPECT_FALSE(file.contains("cccccccc"));
    EXPECT_EQ(refusal([&] { unsealed(file, "battery staple"); }),
              "the bundle cannot be opened: the passphrase is wrong, or the file was altered or cut");
  }
  EXPECT_NE(sealed("x", "p", cheap), sealed("x", "p", cheap));
}

/// What becomes of a file with each of many kinds of damage; `open` has to refuse all.
void expect_refused(const std::string& whole, const std::function<void(const std::string&)>& open) {
  std::mt19937 random(11);
  for (int i = 0; i < 1500; ++i) {
    std::string file = whole;
    const size_t at = i < 400 ? static_cast<size_t>(i) % file.size() : random() % file.size();
    file[at] = static_cast<char>(file[at] ^ (1 << random() % 8));
    EXPECT_NE(refusal([&] { open(file); }), "") << "a bit at " << at;
  }
  for (size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 997)
    EXPECT_NE(refusal([&] { open(whole.substr(0, size)); }), "") << "cut at " << size;
  for (const std::string& more : {std::string("x"), std::string(1, '\0'), std::string(70'000, 'x'), whole})
    EXPECT_NE(refusal([&] { open(whole + more); }), "") << more.size() << " bytes too many";
}

TEST(Seal, NoticesEveryChange) {
  const std::string file = sealed(std::string(150'000, 'c'), "p", cheap);
  expect_refused(file, [](const std::string& damaged) {
    if (seal_of(damaged) == Seal::passphrase) unsealed(damaged, "p");
  });
}

TEST(Seal, NoticesPiecesThatChangedPlaces) {
  const std::string file = sealed(std::string(3 * 65536, 'c'), "p", cheap);
  const size_t coded = 65536 + 17, begin = file.size() - 3 * coded;
  const std::string first = file.substr(begin, coded), second = file.substr(begin + coded, coded);
  EXPECT_NE(refusal([&] {
              unsealed(file.substr(0, begin) + second + first + file.substr(begin + 2 * coded), "p");
            }),
            "");
  EXPECT_EQ(refusal([&] { unsealed(file.substr(0, begin + coded), "p"); }),
            "the bundle is damaged: its end is missing");
}

TEST(Seal, DoesNoAbsurdAmountOfWork) {
  std::string file = sealed("x", "p", cheap);
  const size_t numbers = file.find('\n') + 1;
  file.replace(numbers, 8, std::string(8, '\xff'));
  EXPECT_EQ(refusal([&] { unsealed(file, "p"); }),
            "the bundle is damaged: it asks for an absurd amount of work");
}

TEST(Seal, NoticesChangesOfWhatIsNotEncrypted) {
  const std::string file = labelled("content");
  EXPECT_EQ(seal_of(file), Seal::none);
  EXPECT_EQ(unlabelled(file), "content");
  expect_refused(file, [](const std::string& damaged) {
    if (seal_of(damaged) == Seal::none) unlabelled(damaged);
  });
}

TEST(Seal, TellsFilesApart) {
  EXPECT_EQ(seal_of("age-encryption.org/v1\n-> X25519"), Seal::age);
  EXPECT_EQ(seal_of("-----BEGIN AGE ENCRYPTED FILE-----\n"), Seal::age);
  EXPECT_EQ(refusal([] { seal_of("PK\x03\x04"); }), "this is no bundle of docker-machine's");
  EXPECT_EQ(refusal([] { seal_of(""); }), "this is no bundle of docker-machine's");
}

}  // namespace
}  // namespace dm
