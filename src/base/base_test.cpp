// Text, JSON, files, locks, tasks, sockets.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/file.h"
#include "base/json.h"
#include "base/socket.h"
#include "base/strings.h"
#include "model/endpoint.h"

namespace dm {
namespace {

TEST(Json, IsWrittenAsGoWritesIt) {
  EXPECT_EQ(
      go_json(Json::parse(R"({"b":"<a&b>","a":[],"c":{},"d":[1,null,true]})"), 4),
      "{\n    \"b\": \"\\u003ca\\u0026b\\u003e\",\n    \"a\": [],\n    \"c\": {},\n    \"d\": [\n        1,\n"
      "        null,\n        true\n    ]\n}");
  EXPECT_EQ(go_json(Json::parse(R"({"b": [1, "x\\n\u2028"]})"), 0), R"({"b":[1,"x\\n\u2028"]})");
  EXPECT_EQ(go_json(Json::parse("[0.25, 2.0, -0.0, 1e20, 1e21, 1e-6, 1e-7, 123456789012345680000]"), 0),
            "[0.25,2,-0,100000000000000000000,1e+21,0.000001,1e-7,123456789012345680000]");
  EXPECT_EQ(go_json(Json("\b\n\"\\\x7F\xFF"), 0), "\"\\u0008\\n\\\"\\\\\x7F\\ufffd\"");
  EXPECT_THROW(parse_json("{"), Error);
}

TEST(Strings, AreQuotedForShellsAndAsGoDoes) {
  EXPECT_EQ(shell_quote("plain/word.txt"), "plain/word.txt");
  EXPECT_EQ(shell_quote("it's $5"), "'it'\\''s $5'");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(go_quote("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\x01\"");
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(host_port("::1", 2376), "[::1]:2376");
  EXPECT_EQ(number_or_minus_one("12x"), -1);
  EXPECT_EQ(error_text(ENOENT), "no such file or directory");
}

TEST(DockerUrl, IsTakenApart) {
  EXPECT_EQ(parse_docker_url("tcp://192.0.2.1:2376")->port, 2376);
  EXPECT_EQ(parse_docker_url("tcp://[2001:db8::1]:2376")->host, "2001:db8::1");
  EXPECT_EQ(parse_docker_url("tcp://name")->port, 0);
  EXPECT_FALSE(parse_docker_url("localhost"));
  EXPECT_FALSE(parse_docker_url("tcp://host:99999"));
}

TEST(Environment, TakesEmptyForUnset) {
  const Environment environment({{"A", "1"}, {"B", ""}});
  EXPECT_EQ(environment.variable("A"), "1");
  EXPECT_FALSE(environment.variable("B"));
  EXPECT_EQ(environment.variable_or("B", "x"), "x");
}

class FileTest : public ::testing::Test {
 protected:
  FileTest() : folder_(fs::temp_directory_path() / ("file-test-" + random_hex(12))) {
    fs::create_directories(folder_);
  }
  ~FileTest() override { fs::remove_all(folder_); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  const fs::path folder_;
  FakeClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_{clock_, log_, stop_};
};

TEST_F(FileTest, IsReplacedInOneStepAndLeavesNothingBeside) {
  const fs::path path = folder_ / "file";
  write_file(path, "old", private_file);
  write_file(path, "new", private_file);
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(entries(), 1U);
  struct stat status {};
  stat(path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_THROW(write_new_file(path, "other", private_file), Error);
  EXPECT_EQ(read_file(path), "new");
}

TEST_F(FileTest, SaysWhatIsMissingAsGoDoes) {
  try {
    read_file(folder_ / "none");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "open " + (folder_ / "none").string() + ": no such file or directory");
    EXPECT_EQ(error.reason(), Reason::not_found);
  }
  EXPECT_FALSE(read_file_if_there(folder_ / "none"));
  EXPECT_TRUE(sub_folders(folder_ / "none").empty());
}

TEST_F(FileTest, LocksOneHolderAndSurvivesTheFilesRemoval) {
  const fs::path path = folder_ / "deep" / "lock";
  auto held = FileLock::try_acquire(path);
  ASSERT_TRUE(held);
  EXPECT_FALSE(FileLock::try_acquire(path));
  EXPECT_TRUE(FileLock::is_held(path));
  EXPECT_THROW(FileLock::acquire(path, task_.within(std::chrono::seconds(1))), Error);
  fs::remove(path);
  EXPECT_TRUE(FileLock::try_acquire(path)) << "a new file is a new lock";
  held.reset();
  EXPECT_TRUE(FileLock::try_acquire(path));
  EXPECT_FALSE(FileLock::is_held(path));
}

TEST_F(FileTest, GivesAFolderItsNameOnce) {
  fs::create_directories(folder_ / "a");
  fs::create_directories(folder_ / "b");
  EXPECT_FALSE(move_new_folder(folder_ / "a", folder_ / "b"));
  EXPECT_TRUE(move_new_folder(folder_ / "a", folder_ / "c"));
  EXPECT_EQ(sub_folders(folder_), (std::vector<std::string>{"b", "c"}));
}

TEST_F(FileTest, TaskEndsAtItsEarliestDeadline) {
  const Task outer = task_.within(std::chrono::seconds(10));
  const Task inner = outer.within(std::chrono::seconds(60));
  EXPECT_EQ(inner.left(), std::chrono::seconds(10));
  clock_.advance(std::chrono::seconds(9));
  inner.check();
  EXPECT_THROW(inner.pause(std::chrono::seconds(5)), Error);
  EXPECT_EQ(outer.left().count(), 0);
  stop_.raise();
  EXPECT_THROW(inner.check(), Cancelled) << "the user's wish counts more than the clock";
}

TEST_F(FileTest, BackoffGrowsAndStaysBelowItsLongest) {
  Backoff backoff(Milliseconds(100), Milliseconds(400));
  Milliseconds last{0};
  for (int i = 0; i < 20; ++i) {
    const auto before = clock_.steady();
    backoff.pause(task_);
    last = std::chrono::duration_cast<Milliseconds>(clock_.steady() - before);
    EXPECT_LE(last, Milliseconds(500));
  }
  EXPECT_GE(last, Milliseconds(300));
}

/// A port of this computer on which somebody listens as long as it lives.
class Listener {
 public:
  Listener() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(descriptor_, 8), 0);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(descriptor_); }
  int port() const { return port_; }

 private:
  int descriptor_, port_ = 0;
};

TEST(ProbeTcp, TellsWhoListens) {
  const SystemClock clock;
  SilentLog log;
  StopSignal stop;
  const Task task = Task(clock, log, stop).within(std::chrono::seconds(5));
  int closed = 0;
  {
    const Listener gone;
    closed = gone.port();
  }
  const Listener open;
  const std::vector<HostPort> targets{
      {"127.0.0.1", open.port()}, {"127.0.0.1", closed}, {"localhost", open.port()}};
  const auto outcomes = probe_tcp(targets, task);
  EXPECT_FALSE(outcomes[0]);
  ASSERT_TRUE(outcomes[1]);
  EXPECT_EQ(outcomes[1]->what(),
            "dial tcp " + host_port("127.0.0.1", closed) + ": connect: connection refused");
  EXPECT_FALSE(outcomes[2]) << "localhost may have an IPv6 address on which nobody listens";
  EXPECT_FALSE(can_listen("127.0.0.1", open.port()));
  stop.raise();
  EXPECT_THROW(probe_tcp(targets, task), Cancelled);
}

}  // namespace
}  // namespace dm
