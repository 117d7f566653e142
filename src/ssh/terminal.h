#pragma once
#include <termios.h>

namespace dm {

/// In characters.
struct TerminalSize {
  int columns = 80, rows = 24;
};

/// Our end of a login: where keys come from and where output goes, a terminal or not. Descriptors are not
/// owned.
struct Terminal {
  int input = 0, output = 1, error = 2;

  bool is_real() const;
  /// 80 by 24 where it cannot be read.
  TerminalSize size() const;
};

/// Passes each key on as it is typed, Ctrl-C too, as long as this lives; then the terminal is as it was.
class RawMode {
 public:
  /// Does nothing to what is no terminal.
  explicit RawMode(const Terminal& terminal);
  ~RawMode();
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  int descriptor_ = -1;
  termios before_{};
};

/// Notices that the process' terminal has got another size. One at a time.
class ResizeNotice {
 public:
  ResizeNotice();
  ~ResizeNotice();
  ResizeNotice(const ResizeNotice&) = delete;
  ResizeNotice& operator=(const ResizeNotice&) = delete;

  /// Readable when there is something to take.
  int descriptor() const { return descriptor_; }
  /// Whether the size has changed since the last call.
  bool take() const;

 private:
  int descriptor_;
};

}  // namespace dm
