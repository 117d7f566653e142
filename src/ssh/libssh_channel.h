#pragma once
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include "base/process.h"
#include "ssh/libssh_link.h"
#include "ssh/terminal.h"

struct ssh_channel_struct;
struct ssh_channel_callbacks_struct;

namespace dm {

/// One session channel of a link: runs one command. None of its functions waits. For the files of this folder
/// only.
class LibsshChannel {
 public:
  explicit LibsshChannel(LibsshLink& link);
  ~LibsshChannel();
  LibsshChannel(const LibsshChannel&) = delete;
  LibsshChannel& operator=(const LibsshChannel&) = delete;

  /// Asks the server to open the channel, or how that stands: libssh's code, SSH_AGAIN while there is no
  /// answer.
  int open();
  bool is_open() const;
  /// Sends the command, or asks how that stands: libssh's code, SSH_AGAIN while there is no answer.
  int request(const std::string& line);
  /// The same for the login shell in place of a command.
  int request_shell();
  /// The same for a terminal, of the type xterm, that what runs next will have.
  int request_terminal(const TerminalSize& size);
  /// Tells the server that the terminal's size is another one now.
  void resize(const TerminalSize& size);
  /// Sends what the server has room for, taking it off `input`.
  void send(std::string_view& input);
  /// Tells the server that no more input comes.
  void end_input();
  /// Sends what the server has room for, taking it off `input`, and the end after the last of it.
  void feed(std::string_view& input);
  /// Where output goes as it arrives. What they throw is kept for `failure`.
  void deliver_to(Sink output, Sink error);

  /// Whether the server has closed the channel: the command has ended and all its output is here.
  bool is_done() const { return done_; }
  /// The command's exit status, 128 + N for signal N; nothing if the server did not tell.
  std::optional<int> status() const { return status_; }
  std::exception_ptr failure() const { return failure_; }

 private:
  friend struct ChannelEvents;
  LibsshLink& link_;
  ssh_channel_struct* channel_ = nullptr;
  std::unique_ptr<ssh_channel_callbacks_struct> callbacks_;
  Sink output_, error_;
  std::exception_ptr failure_;
  std::optional<int> status_;
  bool done_ = false;
  bool input_ended_ = false;
};

}  // namespace dm
