// QMP against a server of the test's own.
#include "drivers/qemu/qmp.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/strings.h"

namespace dm {
namespace {

const std::string silence = "=";

/// Listens on qmp.sock in a folder whose path is too long for a socket, and plays one client's conversation:
/// a line of the script that starts with '>' is expected, after `silence` only the client's leaving; others
/// are sent.
class Server {
 public:
  explicit Server(std::vector<std::string> script) : script_(std::move(script)) {
    make_folders(folder());
    const fs::path before = fs::current_path();
    fs::current_path(folder());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, Qmp::socket_name, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    fs::current_path(before);
    thread_ = std::jthread([this] { play(); });
  }
  ~Server() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    dm::remove_all(root_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  fs::path folder() const { return root_ / std::string(120, 'x') / "a, b"; }

 private:
  void play() {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    for (const auto& line : script_) {
      if (line == silence) {
        for (char letter = 0; recv(client, &letter, 1, 0) == 1;) continue;
      } else if (line.starts_with('>')) {
        std::string got;
        for (char letter = 0; letter != '\n' && recv(client, &letter, 1, 0) == 1;) got += letter;
        EXPECT_EQ(trim(got), line.substr(1));
      } else {
        send(client, line.data(), line.size(), MSG_NOSIGNAL);
      }
    }
    close(client);
  }

  std::vector<std::string> script_;
  fs::path root_ = fs::temp_directory_path() / ("qmp_test-" + random_hex(8));
  int listener_ = -1;
  std::jthread thread_;
};

const std::string greeting = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";
const std::string ready = ">{\"execute\":\"qmp_capabilities\"}";
const std::string done = "{\"return\": {}}\r\n";

class QmpTest : public testing::Test {
 protected:
  SystemClock clock_;
  SilentLog log_;
  StopSignal stop_;
  Task task_ = Task(clock_, log_, stop_).within(std::chrono::seconds(20));
};

TEST_F(QmpTest, AsksAndSkipsEvents) {
  Server server({greeting, ready, done, ">{\"execute\":\"query-status\"}",
                 "{\"event\": \"RESUME\"}\r\n{\"retu", "rn\": {\"status\": \"running\"}}\r\n"});
  auto qmp = Qmp::connect(server.folder(), task_);
  ASSERT_TRUE(qmp);
  EXPECT_EQ(text_of(qmp->execute("query-status", task_), "status"), "running");
}

TEST_F(QmpTest, PassesOnWhatQemuRefuses) {
  Server server({greeting, ready, done, ">{\"execute\":\"cont\"}",
                 "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n",
                 ">{\"execute\":\"stop\"}"});
  auto qmp = Qmp::connect(server.folder(), task_);
  ASSERT_TRUE(qmp);
  try {
    qmp->execute("cont", task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "qemu refuses \"cont\": no");
  }
  try {
    qmp->execute("stop", task_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::unreachable);
  }
}

TEST_F(QmpTest, FindsNobody) {
  EXPECT_FALSE(Qmp::connect("/nonexistent", task_));
  EXPECT_FALSE(Qmp::connect(fs::temp_directory_path(), task_));
  Server gone({});  // takes the connection and hangs up, as a qemu that is just ending
  EXPECT_FALSE(Qmp::connect(gone.folder(), task_));
}

TEST_F(QmpTest, DoesNotWaitForEver) {
  Server silent({"{\"QMP\"", silence});
  try {
    Qmp::connect(silent.folder(), task_.within(Milliseconds(1)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::timed_out);
  }
}

TEST_F(QmpTest, StopsWhenAskedTo) {
  Server silent({"{\"QMP\"", silence});
  stop_.raise();
  EXPECT_THROW(Qmp::connect(silent.folder(), task_), Cancelled);
}

}  // namespace
}  // namespace dm
