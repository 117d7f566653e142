// A login by libssh, for users who have no OpenSSH.
#include "ssh/libssh_login.h"

#include <fmt/core.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>

#include "base/strings.h"
#include "ssh/libssh_channel.h"
#include "ssh/libssh_connector.h"

namespace dm {
namespace {

/// One login under way.
class Login {
 public:
  Login(LibsshLink& link, const std::string& line, const Terminal& terminal, const Task& task)
      : link_(link),
        line_(line),
        terminal_(terminal),
        task_(task),
        // A command's output that goes into a file is to be what the command wrote.
        real_(terminal.is_real() && (line.empty() || isatty(terminal.output) == 1)),
        channel_(link) {
    channel_.deliver_to([this](std::string_view text) { show(terminal_.output, text); },
                        [this](std::string_view text) { show(terminal_.error, text); });
  }

  int run() {
    request("opens no session", [&] { return channel_.open(); });
    // Before the machine's side draws anything, and before keys may be lost.
    std::optional<RawMode> raw;
    if (real_) raw.emplace(terminal_);
    if (real_) request("gives no terminal", [&] { return channel_.request_terminal(terminal_.size()); });
    request("runs no commands",
            [&] { return line_.empty() ? channel_.request_shell() : channel_.request(line_); });
    while (!channel_.is_done()) pass_on();
    if (channel_.failure()) std::rethrow_exception(channel_.failure());
    if (!channel_.status()) throw broken();
    return *channel_.status();
  }

 private:
  template <typename Call>
  void request(const char* refusal, Call&& call) {
    if (link_.complete(SSH_AGAIN, task_, call) == SSH_OK) return;
    if (!link_.is_open()) throw broken();
    throw Error(fmt::format("the SSH server at {} {}: {}", link_.name(), refusal, link_.failure()));
  }

  /// Moves what there is, in both directions, and waits for more.
  void pass_on() {
    if (channel_.failure()) std::rethrow_exception(channel_.failure());
    if (!link_.is_open()) throw broken();
    channel_.send(unsent_);
    if (input_ended_ && unsent_.empty()) channel_.end_input();
    // A negative descriptor is not looked at.
    const bool listens = !input_ended_ && unsent_.empty();
    std::array<pollfd, 2> others{
        {{listens ? terminal_.input : -1, POLLIN, 0}, {resized_.descriptor(), POLLIN, 0}}};
    if (!link_.wait(task_, others)) throw Error("timed out", Reason::timed_out);
    if (others[0].revents != 0) read_input();
    if (resized_.take() && real_) channel_.resize(terminal_.size());
  }

  void read_input() {
    const auto count = read(terminal_.input, block_.data(), block_.size());
    if (count > 0) unsent_ = {block_.data(), static_cast<size_t>(count)};
    input_ended_ = count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
  }

  /// Writes all of it; a reader who takes his time does not keep us from a stop.
  void show(int descriptor, std::string_view text) {
    while (!text.empty()) {
      if (!wait_for_descriptor(descriptor, POLLOUT, task_)) throw Error("timed out", Reason::timed_out);
      const auto count = write(descriptor, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
      if (count > 0) text.remove_prefix(static_cast<size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR)
        throw Error("cannot write the machine's output: " + error_text(errno));
    }
  }

  Error broken() const {
    return Error(fmt::format("the SSH connection to {} broke: {}", link_.name(), link_.failure()),
                 Reason::unreachable);
  }

  LibsshLink& link_;
  const std::string& line_;
  const Terminal& terminal_;
  const Task& task_;
  bool real_;
  LibsshChannel channel_;
  ResizeNotice resized_;
  std::array<char, 16384> block_{};
  std::string_view unsent_;  ///< the rest of what was read into `block_`
  bool input_ended_ = false;
};

}  // namespace

int log_in(const SshTarget& target, const std::string& line, const Terminal& terminal,
           const Environment& environment, const Task& task) {
  const auto link = open_link(target, environment, task);
  return Login(*link, line, terminal, task).run();
}

}  // namespace dm
