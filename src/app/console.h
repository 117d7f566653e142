#pragma once
#include <mutex>
#include <ostream>
#include <string>

#include "base/log.h"

namespace dm {

/// The user's terminal or pipes: info lines on one stream, everything else on standard error. Debug lines
/// only if asked for. Progress only where standard error is a terminal. Thread-safe.
class Console final : public Log {
 public:
  /// `out` is also where commands write their answers, so that both come in order.
  Console(std::ostream& out, std::ostream& error) : info_(&out), error_(error) {}

  void show_debug() { debug_ = true; }
  /// Info lines go to standard error too: standard output is evaluated by somebody.
  void keep_output_clean() { info_ = &error_; }

  void line(Level level, std::string_view machine, std::string_view text) override;
  void progress(std::string_view machine, std::string_view text) override;

 private:
  void wipe_progress();

  std::mutex lock_;
  std::ostream* info_;
  std::ostream& error_;
  bool debug_ = false;
  bool progress_shown_ = false;
};

}  // namespace dm
