#pragma once
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "base/strings.h"

namespace dm {

/// For tests: a TCP socket on 127.0.0.1 with a free port of its own. It need not listen.
class LocalSocket {
 public:
  LocalSocket() {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    if (bind(descriptor_, general, size) != 0 || getsockname(descriptor_, general, &size) != 0) {
      throw Error("no local socket: " + error_text(errno));
    }
    port_ = ntohs(address.sin_port);
  }
  ~LocalSocket() { close(descriptor_); }
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

  /// From now on the kernel accepts connections, up to `waiting` of them; nobody says a word.
  void listen(int waiting) const {
    if (::listen(descriptor_, waiting) != 0) throw Error("cannot listen: " + error_text(errno));
  }
  int descriptor() const { return descriptor_; }
  int port() const { return port_; }
  std::string address() const { return host_port("127.0.0.1", port_); }

 private:
  int descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

/// For tests: an HTTP server in a thread, that serves one connection after the other, one request on each.
class LocalServer {
 public:
  /// Gives the raw answer to a raw request; after an empty one the connection stays open in silence.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit LocalServer(Answer answer) : answer_(std::move(answer)) {
    socket_.listen(64);
    thread_ = std::jthread([this] { serve(); });
  }
  ~LocalServer() {
    done_.raise();
    thread_.join();
    for (const int connection : silent_) close(connection);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string address() const { return socket_.address(); }
  std::string url() const { return "http://" + address(); }

  /// A whole answer with this body.
  static std::string answer(const std::string& status, const std::string& body,
                            const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
           "\r\n" + body;
  }

 private:
  void serve() {
    for (;;) {
      pollfd wanted[2] = {{socket_.descriptor(), POLLIN, 0}, {done_.descriptor(), POLLIN, 0}};
      poll(wanted, 2, -1);
      if (wanted[1].revents != 0) return;
      const int connection = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
      const std::string bytes = answer_(request(connection));
      for (size_t at = 0; at < bytes.size();) {
        const auto sent = send(connection, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<size_t>(sent);
      }
      if (bytes.empty()) {
        silent_.push_back(connection);
      } else {
        close(connection);
      }
    }
  }

  static std::string request(int connection) {
    std::string text;
    char buffer[4096];
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const auto field = text.find("Content-Length: ");
        const size_t length = field < end ? std::stoul(text.substr(field + 16, 20)) : 0;
        if (text.size() >= end + 4 + length) return text;
      }
      const auto received = recv(connection, buffer, sizeof buffer, 0);
      if (received <= 0) return text;
      text.append(buffer, static_cast<size_t>(received));
      if (text.starts_with('\x16')) return text;  // the first byte of TLS: no request will follow
    }
  }

  Answer answer_;
  StopSignal done_;
  LocalSocket socket_;
  std::vector<int> silent_;
  std::jthread thread_;
};

/// For tests: a server that runs as a child process and says "ACCEPT HOST:PORT" once it listens.
class ServerProcess {
 public:
  ServerProcess(const std::vector<std::string>& arguments, const fs::path& folder) {
    auto address = std::make_shared<std::promise<std::string>>();
    auto known = address->get_future();
    thread_ = std::jthread([this, arguments, folder, address] { run(arguments, folder, *address); });
    address_ = known.get();
  }
  ~ServerProcess() { done_.raise(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  std::string url() const { return "https://" + address_; }

 private:
  void run(const std::vector<std::string>& arguments, const fs::path& folder,
           std::promise<std::string>& address) {
    SystemClock clock;
    SilentLog log;
    Task task = Task(clock, log, done_).within(std::chrono::minutes(2));
    std::string output;
    bool told = false;
    const Sink listen_for_address = [&](std::string_view piece) {
      constexpr std::string_view mark = "ACCEPT ";
      output += piece;
      const auto at = output.find(mark);
      if (told || at == std::string::npos || output.find('\n', at) == std::string::npos) return;
      address.set_value(output.substr(at + mark.size(), output.find('\n', at) - at - mark.size()));
      told = true;
    };
    try {
      SystemProcessRunner().run({.arguments = arguments, .folder = folder, .output = listen_for_address},
                                task);
    } catch (const Cancelled&) {
    } catch (const Error& error) {
      output += error.what();
    }
    if (!told) address.set_value("the server did not start: " + output);
  }

  StopSignal done_;
  std::string address_;
  std::jthread thread_;
};

}  // namespace dm
