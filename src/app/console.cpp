// Messages on a terminal or in pipes.
#include "app/console.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace dm {
namespace {

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : 79U;
}

std::string marked(std::string_view machine, std::string_view text) {
  return machine.empty() ? std::string(text) : fmt::format("({}) {}", machine, text);
}

}  // namespace

void Console::line(Level level, std::string_view machine, std::string_view text) {
  if (level == Level::debug && !debug_) return;
  const std::scoped_lock guard(lock_);
  wipe_progress();
  (level == Level::info ? *info_ : error_) << marked(machine, text) + "\n" << std::flush;
}

void Console::progress(std::string_view machine, std::string_view text) {
  static const bool on_terminal = isatty(STDERR_FILENO) == 1;
  if (!on_terminal) return;
  const std::scoped_lock guard(lock_);
  wipe_progress();
  if (text.empty()) return;
  std::string shown = marked(machine, text);
  std::replace_if(
      shown.begin(), shown.end(), [](char letter) { return letter >= 0 && letter < ' '; }, ' ');
  shown.resize(std::min(shown.size(), terminal_width()));
  error_ << shown << std::flush;
  progress_shown_ = true;
}

void Console::wipe_progress() {
  if (!progress_shown_) return;
  error_ << "\r\033[K" << std::flush;
  progress_shown_ = false;
}

}  // namespace dm
