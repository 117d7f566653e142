// The cache of images, with a download and files of the test's own.
#include "drivers/qemu/image.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/strings.h"
#include "http/fake_http.h"
#include "keys/digest.h"

namespace dm {
namespace {

/// Keeps what is shown.
class ShownLog final : public Log {
 public:
  void line(Level, std::string_view, std::string_view) override {}
  void progress(std::string_view, std::string_view text) override { shown.emplace_back(text); }
  std::vector<std::string> shown;
};

class NoSsh final : public SshConnector {
  std::unique_ptr<SshSession> connect(const SshTarget&, Task&) override { throw Error("not in this test"); }
};

/// qemu-img as far as it is asked: gives one answer and keeps the question.
class FakePrograms final : public ProcessRunner {
 public:
  CommandResult run(const LocalCommand& command, Task&) override {
    asked = command;
    return answer;
  }
  int run_in_foreground(const LocalCommand&) override { return 1; }
  LocalCommand asked;
  CommandResult answer;
};

class Images : public testing::Test {
 protected:
  Images() { make_folders(root_); }
  ~Images() override { dm::remove_all(root_); }

  fs::path obtain(const std::string& location, const std::string& checksum = "") {
    return cache_.obtain({location, checksum}, services_, task_);
  }
  /// Files in the cache without the locks.
  size_t files() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(root_ / "cache"))
      count += entry.path().extension() != ".lock";
    return count;
  }

  fs::path root_ = fs::temp_directory_path() / ("image_test-" + random_hex(8));
  ImageCache cache_{root_ / "cache"};
  FakeHttp http_;
  NoSsh ssh_;
  FakePrograms programs_;
  FakeClock clock_;
  Environment environment_;
  Services services_{http_, ssh_, programs_, clock_, environment_};
  ShownLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
};

const std::string url = "https://example.org/disk.qcow2?x=1";
const std::string good = "sha512:" + hex_digest(DigestKind::sha512, "content");

TEST_F(Images, AreDownloadedOnceAndChecked) {
  http_.will_answer({.status = 200, .headers = {{"content-length", "7"}}});
  http_.will_answer(200, "content");
  const auto file = obtain(url, good);
  EXPECT_EQ(read_file(file), "content");
  EXPECT_TRUE(file.filename().string().ends_with("-disk.qcow2")) << file;
  EXPECT_EQ(http_.requests().at(0).method, "HEAD");
  EXPECT_TRUE(http_.requests().at(1).follow_redirects);
  EXPECT_EQ(log_.shown, (std::vector<std::string>{"Downloading disk.qcow2 100 %", ""}));
  EXPECT_EQ(obtain(url, good), file);
  EXPECT_EQ(http_.requests().size(), 2U);
}

TEST_F(Images, OfAnotherContentAreRefused) {
  http_.will_fail(Error("no HEAD here"));
  http_.will_answer(200, "something else");
  EXPECT_THROW(obtain(url, good), Error);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Images, ThatComeOnlyInPartAreRefused) {
  http_.will_answer({.status = 200, .headers = {{"content-length", "8"}}});
  http_.will_answer(200, "content");
  EXPECT_THROW(obtain(url), Error);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Images, ThatAreNotThereAreReported) {
  http_.will_answer(404, "");
  http_.will_answer(404, "<h1>Not here</h1>");
  try {
    obtain(url);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::not_found);
    EXPECT_TRUE(std::string(error.what()).contains("status 404"));
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(Images, OfTheUserAreCopied) {
  const fs::path mine = root_ / "my image.raw";
  write_file(mine, "first", 0644);
  const auto one = obtain(mine);
  EXPECT_EQ(obtain("file://" + mine.string()), one.parent_path() / one.filename());
  write_file(mine, "second", 0644);
  const auto two = obtain(mine);
  EXPECT_NE(one, two);
  EXPECT_EQ(read_file(one), "first");
  EXPECT_EQ(read_file(two), "second");
  EXPECT_EQ(log_.shown.back(), "");
  EXPECT_THROW(obtain(root_ / "missing"), Error);
  EXPECT_THROW(obtain(root_), Error);
}

TEST_F(Images, KeepTheirHolesAndTheirEnd) {
  const fs::path mine = root_ / "sparse.raw";
  write_file(mine, "begin", 0644);
  fs::resize_file(mine, 16 << 20);
  const auto copy = obtain(mine);
  struct stat status {};
  ASSERT_EQ(stat(copy.c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 16 << 20);
  EXPECT_LT(status.st_blocks, 4096);
  EXPECT_EQ(read_file(copy), read_file(mine));
}

TEST_F(Images, OfTheUserCanBeCheckedToo) {
  const fs::path mine = root_ / "mine.raw";
  write_file(mine, "content", 0644);
  EXPECT_EQ(read_file(obtain(mine, good)), "content");
  write_file(mine, "other", 0644);
  EXPECT_THROW(obtain(mine, good), Error);
}

TEST_F(Images, AreCopiedUntilTheUserStops) {
  write_file(root_ / "mine.raw", "content", 0644);
  stop_.raise();
  EXPECT_THROW(obtain(root_ / "mine.raw"), Cancelled);
}

TEST_F(Images, LeftHalfDoneByAKilledRunAreMadeAnew) {
  write_file(root_ / "mine.raw", "content", 0644);
  const auto file = obtain(root_ / "mine.raw");
  fs::remove(file);
  write_file(file.parent_path() / ("." + file.filename().string() + ".part"), "con", 0600);
  EXPECT_EQ(read_file(obtain(root_ / "mine.raw")), "content");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Images, AreInspected) {
  programs_.answer.output = R"({"format": "raw", "virtual-size": 3145728})";
  const auto facts = inspect_image("/c/x.img", services_, task_);
  EXPECT_EQ(facts.format, "raw");
  EXPECT_EQ(facts.virtual_size, 3 << 20);
  EXPECT_EQ(join(programs_.asked.arguments, " "), "qemu-img info --output=json x.img");
  EXPECT_EQ(programs_.asked.folder, "/c");
  for (const char* part :
       {R"({"format": "qcow2", "backing-filename": "/etc/shadow"})",
        R"({"format": "qcow2", "format-specific": {"data": {"data-file": "/etc/shadow"}}})"}) {
    programs_.answer.output = part;
    EXPECT_THROW(inspect_image("/c/x.img", services_, task_), Error);
  }
  programs_.answer = {.status = 1, .error = "broken"};
  EXPECT_THROW(inspect_image("/c/x.img", services_, task_), Error);
}

TEST_F(Images, BearDisks) {
  make_overlay("/m", "disk.qcow2", "../../cache/x.img", {"raw", 3 << 20}, 3, services_, task_);
  EXPECT_EQ(join(programs_.asked.arguments, " "),
            "qemu-img create -q -f qcow2 -F raw -b ../../cache/x.img disk.qcow2 3M");
  EXPECT_EQ(programs_.asked.folder, "/m");
  EXPECT_THROW(make_overlay("/m", "disk.qcow2", "x", {"raw", (3 << 20) + 1}, 3, services_, task_), Error);
}

TEST(ImageSource, OfDebianIsPinned) {
  for (const auto architecture : {Architecture::amd64, Architecture::arm64}) {
    const auto source = default_image(architecture);
    EXPECT_TRUE(source.location.starts_with("https://cloud.debian.org/images/cloud/bookworm/2"));
    EXPECT_TRUE(source.checksum.starts_with("sha512:"));
    EXPECT_NO_THROW(check_form(source.checksum));
  }
}

TEST(ImageSource, ChecksumsHaveAForm) {
  EXPECT_NO_THROW(check_form(""));
  EXPECT_NO_THROW(check_form("SHA256:" + std::string(64, 'A')));
  for (const auto& wrong : {std::string("md5:00"), "sha256:" + std::string(63, '0'), std::string(128, '0'),
                            "sha512:" + std::string(128, 'g')}) {
    EXPECT_THROW(check_form(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace dm
