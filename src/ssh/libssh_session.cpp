// Commands over an SSH connection.
#include "ssh/libssh_session.h"

#include <fmt/core.h>
#include <libssh/libssh.h>

#include <utility>

#include "base/strings.h"
#include "ssh/libssh_channel.h"

namespace dm {
namespace {

/// A session that the server has just closed may count against its limit (MaxSessions) for one more moment.
constexpr int open_attempts = 3;
constexpr size_t longest_shown_line = 80;

std::string shortened(const std::string& line) {
  const std::string first = line.substr(0, line.find('\n'));
  if (first.size() <= longest_shown_line) return first.size() == line.size() ? line : first + " …";
  size_t end = longest_shown_line;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(first[end]) & 0xc0) == 0x80) --end;
  return first.substr(0, end) + "…";
}

std::string spoken(Milliseconds time) {
  if (time < std::chrono::seconds(1)) return fmt::format("{} ms", time.count());
  const auto seconds = time.count() / 1000;
  if (seconds < 120) return fmt::format("{} seconds", seconds);
  return seconds % 60 == 0 ? fmt::format("{} minutes", seconds / 60)
                           : fmt::format("{} minutes {} seconds", seconds / 60, seconds % 60);
}

}  // namespace

LibsshSession::LibsshSession(std::unique_ptr<LibsshLink> link) : link_(std::move(link)) { open_spare(); }

LibsshSession::~LibsshSession() { hang_up(); }

void LibsshSession::hang_up() {
  spare_.reset();
  link_->close();
}

Error LibsshSession::lost(const std::string& line) const {
  return Error(fmt::format("the SSH connection to {} broke during the command \"{}\": {}", link_->name(),
                           shortened(line), link_->failure()),
               Reason::unreachable);
}

void LibsshSession::open_spare() {
  if (!spares_allowed_ || spare_) return;
  spare_ = std::make_unique<LibsshChannel>(*link_);
  spare_->open();
}

std::unique_ptr<LibsshChannel> LibsshSession::take_channel(const Task& task) {
  for (int attempt = 0; link_->is_open() && attempt < open_attempts; ++attempt) {
    auto channel = spare_ ? std::move(spare_) : std::make_unique<LibsshChannel>(*link_);
    const int code = link_->complete(SSH_AGAIN, task, [&] { return channel->open(); });
    if (code == SSH_OK && channel->is_open()) return channel;
    // A server may allow one session at a time.
    spares_allowed_ = false;
  }
  throw Error(fmt::format("the SSH server at {} opens no session: {}", link_->name(), link_->failure()),
              link_->is_open() ? Reason::failed : Reason::unreachable);
}

CommandResult LibsshSession::execute(const RemoteCommand& command, const Task& task) {
  CommandResult result;
  const auto owner = take_channel(task);
  auto& channel = *owner;
  channel.deliver_to(
      command.output ? command.output : [&](std::string_view text) { result.output += text; },
      command.error    ? command.error
      : command.output ? command.output
                       : [&](std::string_view text) { result.error += text; });
  std::string_view input = command.input;
  int code = channel.request(command.line);
  channel.feed(input);
  open_spare();
  while (!channel.is_done()) {
    if (channel.failure()) break;
    if (code == SSH_AGAIN) code = channel.request(command.line);
    if (code == SSH_ERROR && link_->is_open() && !channel.is_done()) {
      throw Error(
          fmt::format("the SSH server at {} does not run commands: {}", link_->name(), link_->failure()));
    }
    channel.feed(input);
    if (channel.is_done()) break;
    if (!link_->is_open()) throw lost(command.line);
    if (!link_->wait(task)) throw Error("timed out", Reason::timed_out);
  }
  if (channel.failure()) std::rethrow_exception(channel.failure());
  if (!channel.status()) {
    throw Error(fmt::format("the command \"{}\" on {} ended without an exit status", shortened(command.line),
                            link_->name()),
                Reason::unreachable);
  }
  result.status = *channel.status();
  return result;
}

CommandResult LibsshSession::run(const RemoteCommand& command, Task& task) {
  task.check();
  if (!link_->is_open()) {
    throw Error(fmt::format("the SSH connection to {} is closed", link_->name()), Reason::unreachable);
  }
  const auto start = task.clock().steady();
  const Task limited = task.within(command.limit);
  try {
    return execute(command, limited);
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out || limited.left().count() > 0) throw;
    hang_up();
    const auto time = std::chrono::duration_cast<Milliseconds>(task.clock().steady() - start);
    throw Error(fmt::format("the command \"{}\" on {} did not end within {}", shortened(command.line),
                            link_->name(), spoken(time)),
                Reason::timed_out);
  } catch (const Cancelled&) {
    hang_up();
    throw;
  }
}

}  // namespace dm
