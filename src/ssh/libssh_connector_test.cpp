// The SSH connector against a real OpenSSH server, and against servers that misbehave.
#include "ssh/libssh_connector.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <algorithm>

#include "ssh/known_hosts.h"
#include "ssh/sshd_for_tests.h"

namespace dm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// The reason of the Error that `work` throws; a test failure if it throws none.
template <typename Work>
std::optional<Error> error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return std::nullopt;
}

/// `work` throws an Error of this reason whose message has this part.
template <typename Work>
void expect_failure(Reason reason, const std::string& part, Work&& work) {
  const auto failure = error_of(work);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason(), reason) << failure->what();
  EXPECT_NE(std::string(failure->what()).find(part), std::string::npos) << failure->what();
}

/// Keys and one server for all tests; each has its own home and known_hosts, in a folder with a blank.
class LibsshConnectorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new ScratchFolder;
    for (const auto* type : {"ed25519", "ecdsa"}) {
      make_key(*shared_ / ("host_" + std::string(type)), type);
      make_key(*shared_ / type, type);
    }
    make_key(*shared_ / "host_other", "ed25519");
    make_key(*shared_ / "rsa", "rsa", "PEM");
    make_key(*shared_ / "stranger", "ed25519");
    std::string authorized;
    for (const auto* name : {"ed25519", "ecdsa", "rsa"})
      authorized += read_file(*shared_ / (name + std::string(".pub")));
    write_file(*shared_ / "authorized_keys", authorized, private_file);
    server_ = new Sshd(*shared_, {*shared_ / "host_ed25519"});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete shared_;
  }

  LibsshConnectorTest() {
    make_folders(own_.path() / "my files" / ".ssh");
    use_environment({});
  }
  void use_environment(std::map<std::string, std::string> more) {
    more["HOME"] = own_ / "my files";
    connector_ = std::make_unique<LibsshConnector>(Environment(more));
  }
  SshTarget target(int port = server_->port()) const {
    return {"127.0.0.1", port, Sshd::user(), *shared_ / "ed25519", own_ / "my files/known_hosts", "Dev-1"};
  }
  std::unique_ptr<SshSession> connect(const SshTarget& to) { return connector_->connect(to, task_); }
  CommandResult run(const std::string& line, const std::string& input = "") {
    return connect(target())->run({.line = line, .input = input}, task_);
  }
  /// Adds a key to those that may log in, for this test.
  static void authorize(const std::string& public_key_file) {
    write_file(*shared_ / "authorized_keys",
               read_file(*shared_ / "authorized_keys") + read_file(public_key_file), private_file);
  }

  static inline ScratchFolder* shared_ = nullptr;
  static inline Sshd* server_ = nullptr;
  ScratchFolder own_;
  WaitingTask test_;
  Task task_ = test_.task.within(seconds(30));
  std::unique_ptr<LibsshConnector> connector_;
};

TEST_F(LibsshConnectorTest, GivesOutputErrorsAndStatus) {
  const auto result = run("echo out; echo err >&2; exit 42");
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.error, "err\n");
  EXPECT_EQ(result.status, 42);
}

TEST_F(LibsshConnectorTest, RunsManyCommandsOnOneConnection) {
  const auto session = connect(target());
  const auto first = session->run({.line = "echo $SSH_CONNECTION"}, task_);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(session->run({.line = "cat", .input = std::to_string(i)}, task_).output, std::to_string(i));
  }
  EXPECT_EQ(session->run({.line = "echo $SSH_CONNECTION"}, task_).output, first.output);
}

TEST_F(LibsshConnectorTest, GivesSignalsAsAShellDoes) {
  EXPECT_EQ(run("kill -TERM $$").status, 128 + SIGTERM);
  EXPECT_EQ(run("kill -KILL $$").status, 128 + SIGKILL);
}

TEST_F(LibsshConnectorTest, ClosesStandardInputWhenThereIsNone) {
  EXPECT_EQ(run("cat; echo end").output, "end\n");
}

TEST_F(LibsshConnectorTest, SendsLongInputWhileOutputComesBack) {
  std::string input;
  input.resize(10'000'000, 'x');
  for (size_t i = 0; i < input.size(); i += 997) input[i] = static_cast<char>('a' + i % 26);
  std::string echoed;
  const auto result = connect(target())->run(
      {.line = "cat", .input = input, .output = [&](std::string_view text) { echoed += text; }}, task_);
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(result.output.empty());
  EXPECT_TRUE(echoed == input);
}

TEST_F(LibsshConnectorTest, StreamsLongOutputThroughTheSinkInPieces) {
  size_t size = 0, largest = 0;
  const auto count = [&](std::string_view text) {
    size += text.size(), largest = std::max(largest, text.size());
  };
  connect(target())->run({.line = "head -c 40000000 /dev/zero; echo x >&2", .output = count}, task_);
  EXPECT_EQ(size, 40'000'002U);
  EXPECT_LE(largest, 100'000U);
}

TEST_F(LibsshConnectorTest, InputThatNobodyReadsIsNoFailure) {
  EXPECT_EQ(run("exec <&-; exit 3", std::string(8'000'000, 'x')).status, 3);
}

TEST_F(LibsshConnectorTest, SurvivesRekeying) {
  const Sshd server(*shared_, {*shared_ / "host_ed25519"}, "RekeyLimit 1M");
  const auto session = connect(target(server.port()));
  const std::string input(5'000'000, 'r');
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(session->run({.line = "cat", .input = input}, task_).output == input);
  }
}

TEST_F(LibsshConnectorTest, WorksWithOneSessionAtATime) {
  const Sshd server(*shared_, {*shared_ / "host_ed25519"}, "MaxSessions 1");
  const auto session = connect(target(server.port()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(session->run({.line = "echo hi"}, task_).output, "hi\n");
}

TEST_F(LibsshConnectorTest, WhatASinkThrowsReachesTheCaller) {
  const auto session = connect(target());
  const Sink full = [](std::string_view) { throw Error("disk full"); };
  expect_failure(Reason::failed, "disk full", [&] { session->run({.line = "yes", .output = full}, task_); });
  EXPECT_EQ(session->run({.line = "echo still here"}, task_).output, "still here\n");
}

TEST_F(LibsshConnectorTest, TakesEveryKindOfKey) {
  for (const auto& [name, format] : {std::pair("pkcs8", "PKCS8"), std::pair("openssh", "RFC4716")}) {
    write_file(own_ / name, read_file(*shared_ / "rsa"), private_file);
    ASSERT_TRUE(run_here({"ssh-keygen", "-q", "-p", "-m", format, "-N", "", "-f", own_ / name}).ok());
  }
  EXPECT_TRUE(read_file(own_ / "pkcs8").starts_with("-----BEGIN PRIVATE KEY"));
  EXPECT_TRUE(read_file(own_ / "openssh").starts_with("-----BEGIN OPENSSH PRIVATE KEY"));
  EXPECT_TRUE(read_file(*shared_ / "rsa").starts_with("-----BEGIN RSA PRIVATE KEY"));
  for (const auto& key :
       {*shared_ / "ed25519", *shared_ / "ecdsa", *shared_ / "rsa", own_ / "pkcs8", own_ / "openssh"}) {
    auto to = target();
    to.key_file = key;
    EXPECT_EQ(connect(to)->run({.line = "echo in"}, task_).output, "in\n") << key;
  }
}

TEST_F(LibsshConnectorTest, TheKeyFileAloneIsTried) {
  write_file(own_ / "my files/.ssh/id_ed25519", read_file(*shared_ / "ed25519"), private_file);
  auto to = target();
  to.key_file = *shared_ / "stranger";
  expect_failure(Reason::authentication_failed, "refused the key \"" + to.key_file + "\"",
                 [&] { connect(to); });
  expect_failure(Reason::authentication_failed, Sshd::user() + "@127.0.0.1:", [&] { connect(to); });
}

TEST_F(LibsshConnectorTest, WithoutAKeyFileTheDefaultKeysAreTried) {
  auto to = target();
  to.key_file.clear();
  expect_failure(Reason::authentication_failed, "no SSH key", [&] { connect(to); });
  write_file(own_ / "my files/.ssh/id_ed25519", read_file(*shared_ / "stranger"), private_file);
  expect_failure(Reason::authentication_failed, "id_ed25519", [&] { connect(to); });
  write_file(own_ / "my files/.ssh/id_ecdsa", read_file(*shared_ / "ecdsa"), private_file);
  EXPECT_EQ(connect(to)->run({.line = "echo in"}, task_).output, "in\n");
}

TEST_F(LibsshConnectorTest, MissingBadAndForbiddenKeysAndUsersAreNamed) {
  auto to = target();
  to.key_file = own_ / "nothing";
  expect_failure(Reason::not_found, own_ / "nothing", [&] { connect(to); });
  to.key_file = own_ / "rubbish";
  write_file(to.key_file, "rubbish", private_file);
  expect_failure(Reason::failed, own_ / "rubbish", [&] { connect(to); });
  to = target();
  to.user = "nobody-of-this-name";
  expect_failure(Reason::authentication_failed, "nobody-of-this-name@127.0.0.1:", [&] { connect(to); });
}

/// Loads a key with the passphrase "secret" into an agent.
void add_to_agent(const ScratchFolder& folder, const std::string& socket, const std::string& key) {
  const auto askpass = folder / "askpass";
  write_file(askpass, "#!/bin/sh\necho secret\n", 0700);
  const auto added =
      run_here({"ssh-add", "-q", key},
               {{"SSH_AUTH_SOCK", socket}, {"SSH_ASKPASS", askpass}, {"SSH_ASKPASS_REQUIRE", "force"}});
  ASSERT_TRUE(added.ok()) << added.error;
}

TEST_F(LibsshConnectorTest, EncryptedKeysWorkThroughTheAgent) {
  const auto socket = own_ / "agent";
  const BesideTest agent({"/usr/bin/ssh-agent", "-D", "-a", socket});
  while (!fs::exists(socket)) task_.pause(milliseconds(5));
  // More keys than the server accepts attempts: only the right one may be tried.
  for (const auto* name : {"stranger", "host_other", "host_ecdsa"})
    add_to_agent(own_, socket, *shared_ / name);
  const Sshd server(*shared_, {*shared_ / "host_ed25519"}, "MaxAuthTries 2");
  for (const std::string format : {"RFC4716", "PEM"}) {
    auto to = target(server.port());
    to.key_file = own_ / ("secret" + format);
    make_key(to.key_file, "ecdsa", format, "secret");
    authorize(to.key_file + ".pub");
    use_environment({});
    expect_failure(Reason::authentication_failed, "no ssh-agent is running: load it with 'ssh-add ",
                   [&] { connect(to); });
    use_environment({{"SSH_AUTH_SOCK", socket}});
    expect_failure(Reason::authentication_failed, "the ssh-agent does not have it", [&] { connect(to); });
    add_to_agent(own_, socket, to.key_file);
    EXPECT_EQ(connect(to)->run({.line = "echo in"}, task_).output, "in\n");
    // OpenSSH's own format has the public half in clear, the other needs it beside it.
    fs::remove(to.key_file + ".pub");
    if (format == "RFC4716") {
      EXPECT_EQ(connect(to)->run({.line = "echo in"}, task_).output, "in\n");
    } else {
      expect_failure(Reason::authentication_failed, ".pub\" is missing", [&] { connect(to); });
    }
  }
}

TEST_F(LibsshConnectorTest, WithoutAKeyFileTheAgentsKeysAreTried) {
  const auto socket = own_ / "agent";
  const BesideTest agent({"/usr/bin/ssh-agent", "-D", "-a", socket});
  while (!fs::exists(socket)) task_.pause(milliseconds(5));
  add_to_agent(own_, socket, *shared_ / "stranger");
  add_to_agent(own_, socket, *shared_ / "ecdsa");
  use_environment({{"SSH_AUTH_SOCK", socket}});
  auto to = target();
  to.key_file.clear();
  EXPECT_EQ(connect(to)->run({.line = "echo in"}, task_).output, "in\n");
}

TEST_F(LibsshConnectorTest, TooManyKeysAreAFailedLogin) {
  write_file(own_ / "my files/.ssh/id_ed25519", read_file(*shared_ / "stranger"), private_file);
  write_file(own_ / "my files/.ssh/id_ecdsa", read_file(*shared_ / "ecdsa"), private_file);
  const Sshd server(*shared_, {*shared_ / "host_ed25519"}, "MaxAuthTries 1");
  auto to = target(server.port());
  to.key_file.clear();
  expect_failure(Reason::authentication_failed, "too many keys", [&] { connect(to); });
}

TEST_F(LibsshConnectorTest, AnAgentThatHangsIsNotWaitedFor) {
  const auto socket_path = own_ / "agent";
  const Socket agent(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{AF_UNIX, {}};
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(agent.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(agent.descriptor(), 4), 0);
  use_environment({{"SSH_AUTH_SOCK", socket_path}});
  auto to = target();
  to.key_file.clear();
  Task soon = task_.within(milliseconds(300));
  expect_failure(Reason::timed_out, "", [&] { connector_->connect(to, soon); });
}

TEST_F(LibsshConnectorTest, PinsTheHostKeyForOpenSshToo) {
  connect(target());
  const auto file = target().known_hosts;
  EXPECT_TRUE(read_file(file).starts_with("dev-1 ssh-ed25519 AAAA"));
  EXPECT_EQ(std::ranges::count(read_file(file), '\n'), 1);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(run_here({"ssh-keygen", "-F", "Dev-1", "-f", file}).ok());
  connect(target());
  EXPECT_EQ(std::ranges::count(read_file(file), '\n'), 1);
  const auto ssh =
      run_here({"ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
                "UserKnownHostsFile=\"" + file + "\"", "-o", "HostKeyAlias=Dev-1", "-i", *shared_ / "ed25519",
                "-p", std::to_string(server_->port()), Sshd::user() + "@127.0.0.1", "exit 7"});
  EXPECT_EQ(ssh.status, 7) << ssh.error;
}

TEST_F(LibsshConnectorTest, PinsNothingWhenTheLoginFails) {
  auto to = target();
  to.key_file = *shared_ / "stranger";
  expect_failure(Reason::authentication_failed, "", [&] { connect(to); });
  EXPECT_FALSE(fs::exists(to.known_hosts));
}

TEST_F(LibsshConnectorTest, RefusesAChangedHostKey) {
  connect(target());
  const auto before = read_file(target().known_hosts);
  const Sshd other(*shared_, {*shared_ / "host_other"});
  const auto failure = error_of([&] { connect(target(other.port())); });
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason(), Reason::host_key_changed);
  const std::string message = failure->what();
  for (const auto* name : {"host_ed25519", "host_other"}) {
    const auto shown = run_here({"ssh-keygen", "-l", "-f", *shared_ / name}).output;
    EXPECT_NE(message.find(split(shown, ' ').at(1)), std::string::npos) << message;
  }
  EXPECT_NE(message.find("\"Dev-1\""), std::string::npos);
  EXPECT_NE(message.find(target().known_hosts), std::string::npos);
  EXPECT_EQ(read_file(target().known_hosts), before);
}

TEST_F(LibsshConnectorTest, AnotherTypeOfHostKeyIsAChangedOne) {
  connect(target());
  const Sshd other(*shared_, {*shared_ / "host_ecdsa"});
  expect_failure(Reason::host_key_changed, "ecdsa-sha2-nistp256", [&] { connect(target(other.port())); });
}

TEST_F(LibsshConnectorTest, AsksForThePinnedTypeOfHostKey) {
  const Sshd ecdsa_only(*shared_, {*shared_ / "host_ecdsa"});
  connect(target(ecdsa_only.port()));
  const Sshd both(*shared_, {*shared_ / "host_ed25519", *shared_ / "host_ecdsa"});
  EXPECT_EQ(connect(target(both.port()))->run({.line = "echo in"}, task_).output, "in\n");
}

TEST_F(LibsshConnectorTest, RsaHostKeysArePinnedAndFound) {
  const Sshd server(*shared_, {*shared_ / "rsa"});
  connect(target(server.port()));
  EXPECT_TRUE(read_file(target().known_hosts).starts_with("dev-1 ssh-rsa AAAA"));
  EXPECT_EQ(connect(target(server.port()))->run({.line = "echo in"}, task_).output, "in\n");
}

TEST_F(LibsshConnectorTest, WantsAFileForHostKeys) {
  auto to = target();
  to.known_hosts.clear();
  expect_failure(Reason::failed, "host key", [&] { connect(to); });
}

TEST_F(LibsshConnectorTest, NobodyListening) {
  const int free_port = Listener().port();
  expect_failure(Reason::unreachable, "connection refused", [&] { connect(target(free_port)); });
  auto to = target();
  to.host = "no-such-host.invalid";
  expect_failure(Reason::unreachable, "no-such-host.invalid", [&] { connect(to); });
}

TEST_F(LibsshConnectorTest, ASilentServerIsNotWaitedFor) {
  const Listener silent;
  Task soon = task_.within(milliseconds(200));
  const auto start = steady_clock::now();
  expect_failure(Reason::timed_out, "did not answer in time",
                 [&] { connector_->connect(target(silent.port()), soon); });
  EXPECT_LT(steady_clock::now() - start, seconds(3));
}

TEST_F(LibsshConnectorTest, AServerThatFallsSilentOrHangsUpIsReportedAsThat) {
  // How much a server says until a command has run; then one that stops at each tenth of that.
  long long all = 0;
  {
    const Proxy proxy(server_->port(), 1'000'000'000, Proxy::Then::silence);
    connect(target(proxy.port()))->run({.line = "echo hi"}, task_);
    all = proxy.passed();
  }
  for (int tenth = 1; tenth < 10; tenth += 2) {
    for (const auto then : {Proxy::Then::silence, Proxy::Then::hang_up}) {
      const Proxy proxy(server_->port(), all * tenth / 10, then);
      Task soon = task_.within(milliseconds(then == Proxy::Then::silence ? 150 : 5000));
      const auto wanted = then == Proxy::Then::silence ? Reason::timed_out : Reason::unreachable;
      expect_failure(wanted, "", [&] {
        connector_->connect(target(proxy.port()), soon)->run({.line = "echo hi"}, soon);
      });
    }
  }
}

/// Never ends while somebody listens.
constexpr const char* endless = "while sleep 0.1; do echo; done";

TEST_F(LibsshConnectorTest, AHangingCommandIsNotWaitedFor) {
  const auto session = connect(target());
  const RemoteCommand command{.line = endless, .limit = milliseconds(200)};
  const auto start = steady_clock::now();
  expect_failure(Reason::timed_out, fmt::format("the command \"{}\" on ", endless),
                 [&] { session->run(command, task_); });
  EXPECT_LT(steady_clock::now() - start, seconds(3));
  expect_failure(Reason::unreachable, "is closed", [&] { session->run({.line = "echo hi"}, task_); });
}

TEST_F(LibsshConnectorTest, AStopEndsACommandAtOnce) {
  const auto session = connect(target());
  const auto start = steady_clock::now();
  std::jthread stopper([&] {
    test_.clock.sleep(milliseconds(150), -1);
    test_.stop.raise();
  });
  EXPECT_THROW(session->run({.line = endless}, task_), Cancelled);
  EXPECT_LT(steady_clock::now() - start, seconds(3));
}

TEST_F(LibsshConnectorTest, AStopEndsAWaitForASilentServer) {
  const Listener silent;
  std::jthread stopper([&] {
    test_.clock.sleep(milliseconds(100), -1);
    test_.stop.raise();
  });
  EXPECT_THROW(connect(target(silent.port())), Cancelled);
}

TEST_F(LibsshConnectorTest, ABrokenConnectionIsReported) {
  const auto session = connect(target());
  expect_failure(Reason::unreachable, "kill -9 $PPID",
                 [&] { session->run({.line = "kill -9 $PPID"}, task_); });
}

TEST_F(LibsshConnectorTest, ManyAtOnceShareOneConnector) {
  std::vector<std::jthread> threads;
  threads.reserve(8);
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      Task own = task_;
      if (connector_->connect(target(), own)->run({.line = "echo in"}, own).output == "in\n") ++good;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(pinned_host_keys(target().known_hosts, "Dev-1").size(), 1U);
}

TEST(KnownHosts, DamagedLinesNeverMakeAMachineUnknown) {
  const ScratchFolder folder;
  const auto file = folder / "known_hosts";
  write_file(file, "dev ssh-ed25519\nother ssh-ed25519 AAAA\n# dev ssh-rsa AAAA\n", private_file);
  ASSERT_EQ(pinned_host_keys(file, "dev").size(), 1U);
  EXPECT_EQ(pinned_host_keys(file, "dev").front(), HostKey{});
  expect_failure(Reason::host_key_changed, "(unreadable)", [&] {
    pin_host_key(file, "dev", {"ssh-ed25519", "AAAA"});
  });
  EXPECT_TRUE(pinned_host_keys(file, "de").empty());
}

TEST(KnownHosts, SeveralKeysAndHashedNamesAreRead) {
  const ScratchFolder folder;
  make_key(folder / "a", "ed25519");
  make_key(folder / "b", "ecdsa");
  const auto file = folder / "known_hosts";
  for (const auto* name : {"a", "b"}) {
    const auto words = split(trim(read_file(folder / (name + std::string(".pub")))), ' ');
    if (pinned_host_keys(file, "dev").empty())
      pin_host_key(file, "dev", {words[0], words[1]});
    else
      write_file(file, read_file(file) + "dev " + words[0] + " " + words[1] + "\n", private_file);
  }
  const auto keys = pinned_host_keys(file, "dev");
  ASSERT_EQ(keys.size(), 2U);
  ASSERT_TRUE(run_here({"ssh-keygen", "-H", "-f", file}).ok());
  EXPECT_FALSE(read_file(file).contains("dev"));
  EXPECT_EQ(pinned_host_keys(file, "dev"), keys);
  EXPECT_TRUE(pinned_host_keys(file, "prod").empty());
}

}  // namespace
}  // namespace dm
