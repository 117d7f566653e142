#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/socket.h"
#include "base/strings.h"
#include "ssh/tcp_connection.h"

namespace dm {

/// A task without a deadline that really waits, and what it needs.
struct WaitingTask {
  SystemClock clock;
  SilentLog log;
  StopSignal stop;
  Task task{clock, log, stop};
};

/// Runs a local program for a test; its result is what it gives.
inline CommandResult run_here(std::vector<std::string> arguments,
                              std::map<std::string, std::string> environment = {}) {
  WaitingTask test;
  SystemProcessRunner runner;
  Task task = test.task.within(std::chrono::seconds(20));
  return runner.run({.arguments = std::move(arguments), .environment = std::move(environment)}, task);
}

/// A program that runs beside the test and ends with this object.
class BesideTest {
 public:
  explicit BesideTest(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    id_ = fork();
    if (id_ != 0) return;
    const int nowhere = open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) dup2(nowhere, descriptor);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~BesideTest() {
    kill(id_, SIGTERM);
    waitpid(id_, nullptr, 0);
  }
  BesideTest(const BesideTest&) = delete;
  BesideTest& operator=(const BesideTest&) = delete;

 private:
  pid_t id_;
};

/// A TCP port of 127.0.0.1 that somebody listens on, or, closed again, that is likely to be free.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(descriptor(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(descriptor(), 16), 0);
    getsockname(descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }
  int descriptor() const { return socket_.descriptor(); }

 private:
  Socket socket_;
  int port_ = 0;
};

/// A folder that is gone after the test.
class ScratchFolder {
 public:
  ScratchFolder() : path_(fs::temp_directory_path() / ("docker-machine-ssh-" + random_hex(8))) {
    make_folders(path_);
  }
  ~ScratchFolder() { dm::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

/// Makes a key pair PATH and PATH.pub.
inline void make_key(const std::string& path, const std::string& type, const std::string& format = "RFC4716",
                     const std::string& passphrase = "") {
  const auto bits = type == "rsa" ? "2048" : "256";
  ASSERT_TRUE(
      run_here({"ssh-keygen", "-q", "-t", type, "-b", bits, "-m", format, "-N", passphrase, "-f", path})
          .ok());
}

/// A real OpenSSH server on 127.0.0.1, for the user who runs the test.
class Sshd {
 public:
  /// `folder` has authorized_keys; each host key is the path of a private key. `more` are further lines of
  /// its file.
  Sshd(const ScratchFolder& folder, const std::vector<std::string>& host_keys, const std::string& more = "")
      : port_(Listener().port()) {
    if (geteuid() == 0) make_folders("/run/sshd", 0755);
    // SHLVL: so deep down bash does not read the user's ~/.bashrc, which may be slow and say something.
    std::string text = fmt::format(
        "{}\nSetEnv SHLVL=5\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication "
        "no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin yes\nMaxStartups 100\nListenAddress 127.0.0.1\nSubsystem sftp internal-sftp\n"
        "AuthorizedKeysFile {}\n",
        more, folder / "authorized_keys");
    for (const auto& key : host_keys) text += "HostKey " + key + "\n";
    const auto config = folder / fmt::format("sshd_config_{}", port_);
    write_file(config, text, private_file);
    server_ = std::make_unique<BesideTest>(std::vector<std::string>{
        "/usr/sbin/sshd", "-D", "-f", config, "-p", std::to_string(port_), "-E", folder / "sshd.log"});
    WaitingTask test;
    const Task soon = test.task.within(std::chrono::seconds(10));
    while (probe_tcp({"127.0.0.1", port_}, soon)) soon.pause(Milliseconds(5));
  }
  int port() const { return port_; }
  static const std::string& user() {
    static const std::string name = getpwuid(geteuid())->pw_name;
    return name;
  }

 private:
  int port_;
  std::unique_ptr<BesideTest> server_;
};

/// A proxy in front of a server that passes on so many bytes of what the server says and then falls silent or
/// hangs up.
class Proxy {
 public:
  enum class Then { silence, hang_up };
  Proxy(int server_port, long long bytes, Then then)
      : server_port_(server_port), left_(bytes), then_(then), thread_([this] { serve(); }) {}
  ~Proxy() {
    end_.raise();
    thread_.join();
  }
  int port() const { return listener_.port(); }
  long long passed() const { return passed_; }

 private:
  void serve() {
    WaitingTask test;
    if (!readable(listener_.descriptor(), -1)) return;
    const Socket client(accept(listener_.descriptor(), nullptr, nullptr));
    const Socket server = connect_tcp("127.0.0.1", server_port_, test.task);
    while (readable(client.descriptor(), left_ > 0 ? server.descriptor() : -1)) {
      char block[4096];
      const auto said = recv(client.descriptor(), block, sizeof block, MSG_DONTWAIT);
      if (said == 0) return;
      if (said > 0) send(server.descriptor(), block, static_cast<size_t>(said), MSG_NOSIGNAL);
      const auto room = static_cast<size_t>(std::min<long long>(left_, sizeof block));
      const auto heard = room == 0 ? 0 : recv(server.descriptor(), block, room, MSG_DONTWAIT);
      if (heard > 0) {
        send(client.descriptor(), block, static_cast<size_t>(heard), MSG_NOSIGNAL);
        left_ -= heard, passed_ += heard;
      }
      if (left_ == 0 && then_ == Then::hang_up) return;
    }
  }
  bool readable(int one, int other) const {
    pollfd wanted[3] = {{one, POLLIN, 0}, {other, POLLIN, 0}, {end_.descriptor(), POLLIN, 0}};
    poll(wanted, 3, -1);
    return wanted[2].revents == 0;
  }

  Listener listener_;
  StopSignal end_;
  int server_port_;
  long long left_;
  std::atomic<long long> passed_{0};
  Then then_;
  std::thread thread_;
};

}  // namespace dm
