// libssh, tamed: no call of it waits, reads the user's files or asks at the terminal.
#include "ssh/libssh_link.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"

namespace dm {
namespace {

/// How long a silent connection is left alone.
constexpr Milliseconds keepalive_interval = std::chrono::seconds(15);
/// Quick ones first; all of them are offered by every server of the last ten years.
constexpr const char* ciphers =
    "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,"
    "aes256-ctr";

void start_libssh() {
  // A static program has no constructor of the library that would do it.
  static const int code = ssh_init();
  if (code != SSH_OK) throw Error("the SSH library cannot be started");
}

void never_block(int descriptor) { fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK); }

}  // namespace

LibsshLink::LibsshLink(const SshTarget& target, const std::string& home, const std::string& host_key_types,
                       Socket socket)
    : name_(fmt::format("{}@{}", target.user, host_port(target.host, target.port))),
      socket_(std::move(socket)),
      last_sign_of_life_(std::chrono::steady_clock::now()) {
  start_libssh();
  session_ = ssh_new();
  event_ = ssh_event_new();
  const bool process_config = false;
  const int descriptor = socket_.descriptor();
  const std::string folder = home + "/.ssh";
  const auto set = [&](ssh_options_e option, const void* value) {
    return session_ != nullptr && ssh_options_set(session_, option, value) == SSH_OK;
  };
  // User and folder are given so that libssh need not ask the password database, which a static program
  // cannot load.
  const bool ready = event_ != nullptr && set(SSH_OPTIONS_PROCESS_CONFIG, &process_config) &&
                     set(SSH_OPTIONS_SSH_DIR, folder.c_str()) && set(SSH_OPTIONS_USER, target.user.c_str()) &&
                     set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null") &&
                     set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") &&
                     set(SSH_OPTIONS_HOSTKEYS, host_key_types.c_str()) &&
                     set(SSH_OPTIONS_CIPHERS_C_S, ciphers) && set(SSH_OPTIONS_CIPHERS_S_C, ciphers) &&
                     set(SSH_OPTIONS_COMPRESSION, "no") && set(SSH_OPTIONS_FD, &descriptor);
  if (!ready) {
    const std::string reason = session_ != nullptr ? ssh_get_error(session_) : "not enough memory";
    ssh_event_free(event_);
    ssh_free(session_);
    throw Error(fmt::format("cannot prepare an SSH connection to {}: {}", name_, reason));
  }
  ssh_set_blocking(session_, 0);
}

LibsshLink::~LibsshLink() { close(); }

int LibsshLink::complete(int again, const Task& task, const std::function<int()>& call) {
  for (;;) {
    const int code = call();
    if (socket_.descriptor() >= 0) {
      // From its first call on the socket is libssh's to close.
      socket_.release();
      ssh_event_add_session(event_, session_);
    }
    if (code != again) return code;
    const int descriptor = ssh_get_fd(session_);
    if (descriptor < 0) return SSH_ERROR;
    // libssh makes a socket blocking once it sees it connected.
    never_block(descriptor);
    if (!wait(task)) throw Error("timed out", Reason::timed_out);
  }
}

bool LibsshLink::wait(const Task& task, std::span<pollfd> others) {
  using std::chrono::steady_clock;
  const int descriptor = ssh_get_fd(session_);
  if (descriptor < 0) return task.left().count() > 0;
  const auto silent = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - last_sign_of_life_);
  const auto longest = std::max(keepalive_interval - silent, Milliseconds(1));
  const short events = has_unsent() ? POLLIN | POLLOUT : POLLIN;
  std::vector<pollfd> wanted{{descriptor, events, 0}};
  wanted.insert(wanted.end(), others.begin(), others.end());
  if (wait_for_any(wanted, task, longest)) {
    std::copy(wanted.begin() + 1, wanted.end(), others.begin());
    if (wanted.front().revents == 0) return true;
    last_sign_of_life_ = steady_clock::now();
    handle_traffic();
    return true;
  }
  if (task.left().count() == 0) return false;
  last_sign_of_life_ = steady_clock::now();
  ssh_send_ignore(session_, "");
  return true;
}

void LibsshLink::handle_traffic() { ssh_event_dopoll(event_, 0); }

bool LibsshLink::has_unsent() const { return (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0; }

bool LibsshLink::is_open() const {
  return session_ != nullptr && ssh_is_connected(session_) != 0 &&
         (ssh_get_status(session_) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
}

void LibsshLink::close() {
  if (session_ == nullptr) return;
  if (is_open()) handle_traffic();
  ssh_event_remove_session(event_, session_);
  ssh_event_free(event_);
  ssh_free(session_);
  event_ = nullptr;
  session_ = nullptr;
}

std::string LibsshLink::failure() const {
  return session_ == nullptr ? "it is closed" : ssh_get_error(session_);
}

}  // namespace dm
