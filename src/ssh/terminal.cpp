// The terminal that we run in.
#include "ssh/terminal.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "base/error.h"
#include "base/strings.h"

namespace dm {
namespace {

/// Where the signal's handler tells of it; -1 if nobody wants to know.
std::atomic<int> resize_descriptor{-1};

void on_resize(int /*signal_number*/) {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(resize_descriptor, &one, sizeof one);
  errno = saved;
}

}  // namespace

bool Terminal::is_real() const { return isatty(input) == 1; }

TerminalSize Terminal::size() const {
  winsize size{};
  if (ioctl(input, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

RawMode::RawMode(const Terminal& terminal) {
  if (!terminal.is_real() || tcgetattr(terminal.input, &before_) != 0) return;
  termios raw = before_;
  cfmakeraw(&raw);
  if (tcsetattr(terminal.input, TCSADRAIN, &raw) == 0) descriptor_ = terminal.input;
}

RawMode::~RawMode() {
  if (descriptor_ >= 0) tcsetattr(descriptor_, TCSADRAIN, &before_);
}

ResizeNotice::ResizeNotice() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw Error("cannot watch the terminal's size: " + error_text(errno));
  resize_descriptor = descriptor_;
  struct sigaction action {};
  action.sa_handler = on_resize;
  action.sa_flags = SA_RESTART;
  sigaction(SIGWINCH, &action, nullptr);
}

ResizeNotice::~ResizeNotice() {
  signal(SIGWINCH, SIG_DFL);
  resize_descriptor = -1;
  close(descriptor_);
}

bool ResizeNotice::take() const {
  std::uint64_t count = 0;
  return read(descriptor_, &count, sizeof count) == sizeof count;
}

}  // namespace dm
