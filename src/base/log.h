#pragma once
#include <string_view>

namespace dm {

/// How important a line is; who sees it is decided by the Log.
enum class Level { debug, info, warning, error };

/// Where messages for the user go. Implementations are thread-safe; a line is never torn.
class Log {
 public:
  virtual ~Log() = default;
  /// Writes one line. `machine` (may be empty) is whom it is about: shown as "(NAME) TEXT".
  virtual void line(Level level, std::string_view machine, std::string_view text) = 0;
  /// Shows how far long work has come, on a terminal only, on a line that the next one overwrites. Empty:
  /// done.
  virtual void progress(std::string_view machine, std::string_view text) = 0;
};

/// A log that drops everything.
class SilentLog final : public Log {
 public:
  void line(Level, std::string_view, std::string_view) override {}
  void progress(std::string_view, std::string_view) override {}
};

}  // namespace dm
