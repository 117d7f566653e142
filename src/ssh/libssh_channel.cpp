// One command's channel: what libssh calls back with, collected.
#include "ssh/libssh_channel.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dm {
namespace {

/// Input given to libssh at a time: a few of its packets.
constexpr size_t input_piece = size_t{128} * 1024;
/// The status of a command that an unknown signal ended, as OpenSSH's client gives it.
constexpr int unknown_signal = 255;

/// The names of RFC 4254, 6.10, and those that OpenSSH adds, with Linux' numbers.
int status_of_signal(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, int>, 17> signals{{{"HUP", 1},
                                                                      {"INT", 2},
                                                                      {"QUIT", 3},
                                                                      {"ILL", 4},
                                                                      {"TRAP", 5},
                                                                      {"ABRT", 6},
                                                                      {"BUS", 7},
                                                                      {"FPE", 8},
                                                                      {"KILL", 9},
                                                                      {"USR1", 10},
                                                                      {"SEGV", 11},
                                                                      {"USR2", 12},
                                                                      {"PIPE", 13},
                                                                      {"ALRM", 14},
                                                                      {"TERM", 15},
                                                                      {"XCPU", 24},
                                                                      {"XFSZ", 25}}};
  for (const auto& [known, number] : signals) {
    if (name == known) return 128 + number;
  }
  return unknown_signal;
}

}  // namespace

/// What libssh calls; nothing may be thrown through it.
struct ChannelEvents {
  static LibsshChannel& of(void* data) { return *static_cast<LibsshChannel*>(data); }

  static int data(ssh_session, ssh_channel, void* bytes, uint32_t size, int is_error, void* data) {
    auto& channel = of(data);
    const auto& sink = is_error != 0 ? channel.error_ : channel.output_;
    try {
      if (sink && !channel.failure_) sink({static_cast<const char*>(bytes), size});
    } catch (...) {
      channel.failure_ = std::current_exception();
    }
    return static_cast<int>(size);
  }
  static void closed(ssh_session, ssh_channel, void* data) { of(data).done_ = true; }
  static void exit_status(ssh_session, ssh_channel, int status, void* data) { of(data).status_ = status; }
  static void exit_signal(ssh_session, ssh_channel, const char* name, int, const char*, const char*,
                          void* data) {
    of(data).status_ = status_of_signal(name);
  }
};

LibsshChannel::LibsshChannel(LibsshLink& link)
    : link_(link),
      channel_(ssh_channel_new(link.session())),
      callbacks_(std::make_unique<ssh_channel_callbacks_struct>()) {
  if (channel_ == nullptr)
    throw Error("cannot open an SSH channel to " + link.name() + ": " + link.failure());
  callbacks_->size = sizeof *callbacks_;
  callbacks_->userdata = this;
  callbacks_->channel_data_function = ChannelEvents::data;
  callbacks_->channel_close_function = ChannelEvents::closed;
  callbacks_->channel_exit_status_function = ChannelEvents::exit_status;
  callbacks_->channel_exit_signal_function = ChannelEvents::exit_signal;
  ssh_add_channel_callbacks(channel_, callbacks_.get());
}

LibsshChannel::~LibsshChannel() {
  // libssh keeps a freed channel until the server closes it too, and must not call us then.
  ssh_remove_channel_callbacks(channel_, callbacks_.get());
  ssh_channel_free(channel_);
}

int LibsshChannel::open() { return ssh_channel_open_session(channel_); }

bool LibsshChannel::is_open() const { return ssh_channel_is_open(channel_) != 0; }

int LibsshChannel::request(const std::string& line) {
  return ssh_channel_request_exec(channel_, line.c_str());
}

int LibsshChannel::request_shell() { return ssh_channel_request_shell(channel_); }

int LibsshChannel::request_terminal(const TerminalSize& size) {
  return ssh_channel_request_pty_size(channel_, "xterm", size.columns, size.rows);
}

void LibsshChannel::resize(const TerminalSize& size) {
  if (is_open()) ssh_channel_change_pty_size(channel_, size.columns, size.rows);
}

void LibsshChannel::send(std::string_view& input) {
  while (!input.empty() && is_open() && !link_.has_unsent()) {
    const auto size = static_cast<uint32_t>(std::min(input.size(), input_piece));
    const int count = ssh_channel_write(channel_, input.data(), size);
    if (count <= 0) return;
    input.remove_prefix(static_cast<size_t>(count));
  }
}

void LibsshChannel::end_input() {
  if (input_ended_ || !is_open()) return;
  ssh_channel_send_eof(channel_);
  input_ended_ = true;
}

void LibsshChannel::feed(std::string_view& input) {
  send(input);
  if (input.empty()) end_input();
}

void LibsshChannel::deliver_to(Sink output, Sink error) {
  output_ = std::move(output);
  error_ = std::move(error);
}

}  // namespace dm
