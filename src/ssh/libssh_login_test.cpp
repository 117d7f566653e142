// Logins by the built-in client at a real OpenSSH server, with a terminal and without.
#include "ssh/libssh_login.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>

#include <future>

#include "ssh/sshd_for_tests.h"

namespace dm {
namespace {

using std::chrono::seconds;

/// A pseudo terminal: what a user would sit at, and the end that a program has.
class TestTerminal {
 public:
  TestTerminal() {
    winsize size{.ws_row = 30, .ws_col = 101, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(openpty(&user_, &program_, nullptr, nullptr, &size), 0);
    fcntl(user_, F_SETFL, O_NONBLOCK);
  }
  ~TestTerminal() { close(user_), close(program_); }
  TestTerminal(const TestTerminal&) = delete;
  TestTerminal& operator=(const TestTerminal&) = delete;

  Terminal ends() const { return {program_, program_, program_}; }
  void type(std::string_view text) const {
    EXPECT_EQ(write(user_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(ioctl(user_, TIOCSWINSZ, &size), 0);
    // The kernel tells only those whose controlling terminal it is.
    kill(getpid(), SIGWINCH);
  }
  /// All that was shown, once `text` is among it; a failure after 20 seconds.
  const std::string& shown_with(std::string_view text) {
    WaitingTask test;
    const Task soon = test.task.within(seconds(20));
    while (!shown_.contains(text)) {
      if (!wait_for_descriptor(user_, POLLIN, soon)) {
        ADD_FAILURE() << "not shown: " << text << "\nbut: " << shown_;
        break;
      }
      char block[4096];
      const auto count = read(user_, block, sizeof block);
      if (count > 0) shown_.append(block, static_cast<size_t>(count));
    }
    return shown_;
  }
  termios mode() const {
    termios mode{};
    tcgetattr(program_, &mode);
    return mode;
  }

 private:
  int user_ = -1, program_ = -1;
  std::string shown_;
};

bool same(const termios& one, const termios& other) {
  return one.c_lflag == other.c_lflag && one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag;
}

class LibsshLoginTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new ScratchFolder;
    make_key(*shared_ / "host", "ed25519");
    make_key(*shared_ / "key", "ed25519");
    fs::copy(*shared_ / "key.pub", *shared_ / "authorized_keys");
    server_ = new Sshd(*shared_, {*shared_ / "host"});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete shared_;
  }

  int log_in_at(const Terminal& terminal, const std::string& line, int port = server_->port()) {
    const SshTarget target{"127.0.0.1", port, Sshd::user(), *shared_ / "key", own_ / "known_hosts", "dev"};
    return log_in(target, line, terminal, Environment({{"HOME", own_.path().string()}}), task_);
  }

  /// Runs it with files for input, output and error.
  int log_in_with_files(const std::string& line, const std::string& input) {
    write_file(own_ / "in", input, private_file);
    const Socket in(open((own_ / "in").c_str(), O_RDONLY)), out(creat((own_ / "out").c_str(), 0600)),
        error(creat((own_ / "error").c_str(), 0600));
    const int status = log_in_at({in.descriptor(), out.descriptor(), error.descriptor()}, line);
    output_ = read_file(own_ / "out"), error_ = read_file(own_ / "error");
    return status;
  }

  static inline ScratchFolder* shared_ = nullptr;
  static inline Sshd* server_ = nullptr;
  ScratchFolder own_;
  WaitingTask test_;
  Task task_ = test_.task.within(seconds(30));
  std::string output_, error_;
};

TEST_F(LibsshLoginTest, WithoutATerminalItIsAPipe) {
  EXPECT_EQ(log_in_with_files("cat; echo wrong >&2; tty; exit 7", "typed\n"), 7);
  EXPECT_EQ(output_, "typed\nnot a tty\n");
  EXPECT_EQ(error_, "wrong\n");
}

TEST_F(LibsshLoginTest, AnyBytesPassInBothDirections) {
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  EXPECT_EQ(log_in_with_files("cat", bytes), 0);
  EXPECT_TRUE(output_ == bytes) << output_.size() << " of " << bytes.size();
}

TEST_F(LibsshLoginTest, TheLoginShellReadsItsInput) {
  EXPECT_EQ(log_in_with_files("", "echo from $0\nexit 3\n"), 3);
  EXPECT_TRUE(output_.contains("from -")) << output_;
}

TEST_F(LibsshLoginTest, ASignalIsAStatus) {
  EXPECT_EQ(log_in_with_files("kill -TERM $$", ""), 128 + SIGTERM);
}

TEST_F(LibsshLoginTest, ATerminalHereIsOneThere) {
  TestTerminal terminal;
  const termios before = terminal.mode();
  EXPECT_EQ(log_in_at(terminal.ends(), "stty size; echo $TERM; tty; exit 4"), 4);
  const std::string shown = terminal.shown_with("/dev/pts/");
  EXPECT_TRUE(shown.starts_with("30 101\r\nxterm\r\n")) << shown;
  EXPECT_TRUE(same(before, terminal.mode()));
}

TEST_F(LibsshLoginTest, OutputIntoAFileIsNoTerminals) {
  const TestTerminal terminal;
  const Socket out(creat((own_ / "out").c_str(), 0600));
  const Terminal ends{terminal.ends().input, out.descriptor(), out.descriptor()};
  EXPECT_EQ(log_in_at(ends, "printf 'a\\nb\\n'; tty </dev/stdout"), 1);
  EXPECT_EQ(read_file(own_ / "out"), "a\nb\nnot a tty\n");
}

TEST_F(LibsshLoginTest, KeysGoToTheMachineAndSoDoesANewSize) {
  TestTerminal terminal;
  const termios before = terminal.mode();
  auto status = std::async(std::launch::async, [&] {
    return log_in_at(terminal.ends(),
                     "trap 'echo caught' INT; echo ready; read line; stty size; echo got $line; exit 5");
  });
  terminal.shown_with("ready");
  EXPECT_FALSE(same(before, terminal.mode()));
  terminal.type("\x03");
  terminal.shown_with("caught");
  terminal.resize(77, 22);
  terminal.type("words\r");
  EXPECT_TRUE(terminal.shown_with("got words").contains("22 77\r\n")) << terminal.shown_with("");
  EXPECT_EQ(status.get(), 5);
  EXPECT_TRUE(same(before, terminal.mode()));
}

TEST_F(LibsshLoginTest, AStopRestoresTheTerminal) {
  TestTerminal terminal;
  const termios before = terminal.mode();
  auto status = std::async(std::launch::async,
                           [&] { return log_in_at(terminal.ends(), "echo ready; exec sleep 1000"); });
  terminal.shown_with("ready");
  test_.stop.raise();
  EXPECT_THROW(status.get(), Cancelled);
  EXPECT_TRUE(same(before, terminal.mode()));
}

TEST_F(LibsshLoginTest, ABrokenConnectionIsAnError) {
  Proxy proxy(server_->port(), 20'000, Proxy::Then::hang_up);
  try {
    log_in_with_files("true", "");
    const Socket nowhere(open("/dev/null", O_RDWR));
    const int descriptor = nowhere.descriptor();
    log_in_at({descriptor, descriptor, descriptor}, "head -c 1000000 /dev/zero; sleep 1000", proxy.port());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::unreachable) << error.what();
    EXPECT_TRUE(std::string_view(error.what()).contains(" broke: ")) << error.what();
  }
}

}  // namespace
}  // namespace dm
