// Passphrases: typed unseen on a terminal, or from a file; never from the command line.
#include "commands/passphrase.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/strings.h"

namespace dm {
namespace {

/// The user's terminal, wherever standard input and output lead, with its echo off while this lives.
class QuietTerminal {
 public:
  explicit QuietTerminal(const std::string& instead)
      : descriptor_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (descriptor_ < 0 || tcgetattr(descriptor_, &before_) != 0) {
      if (descriptor_ >= 0) close(descriptor_);
      throw Error(fmt::format("There is no terminal to ask for a passphrase: give {}", instead),
                  Reason::usage);
    }
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(descriptor_, TCSAFLUSH, &quiet);
  }
  ~QuietTerminal() {
    tcsetattr(descriptor_, TCSAFLUSH, &before_);
    close(descriptor_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  void write(std::string_view text) const {
    while (!text.empty()) {
      const auto count = ::write(descriptor_, text.data(), text.size());
      if (count <= 0) return;
      text.remove_prefix(static_cast<size_t>(count));
    }
  }

  std::string read_line(const Task& task) const {
    std::string line;
    while (true) {
      std::array<pollfd, 2> wanted{{{descriptor_, POLLIN, 0}, {task.stop_descriptor(), POLLIN, 0}}};
      poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(std::chrono::hours(1)).count()));
      if (task.stopped()) write("\n");
      task.check();
      if (wanted[0].revents == 0) continue;
      char letter = 0;
      const auto count = ::read(descriptor_, &letter, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0 || letter == '\n') return line;
      line += letter;
    }
  }

 private:
  int descriptor_;
  termios before_{};
};

}  // namespace

std::string ask_passphrase(const std::string& question, const std::string& instead, const Task& task) {
  const QuietTerminal terminal(instead);
  terminal.write(question);
  std::string answer = terminal.read_line(task);
  terminal.write("\n");
  if (answer.empty()) throw Error("An empty passphrase protects nothing", Reason::usage);
  return answer;
}

std::string passphrase_in(const std::string& file) {
  std::string line = split(read_file(file), '\n').front();
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty())
    throw Error(fmt::format("the first line of {} is empty: no passphrase", file), Reason::usage);
  return line;
}

}  // namespace dm
