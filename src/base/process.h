#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/task.h"

namespace dm {

/// Takes output piece by piece as it comes.
using Sink = std::function<void(std::string_view)>;

/// How a command ended, here or on a machine. A non-zero status is a result and no failure.
struct CommandResult {
  int status = 0;      ///< exit status; 128 + N if signal N ended it
  std::string output;  ///< standard output, unless it went to a sink
  std::string error;   ///< standard error
  bool ok() const { return status == 0; }
};

/// A local program: an argument list, never a shell line. No secret stands in an argument.
struct LocalCommand {
  std::vector<std::string> arguments;  ///< the program first; looked up in PATH if it has no slash
  std::string input;                   ///< its standard input
  std::map<std::string, std::string> environment;  ///< added to ours
  fs::path folder;                                 ///< where it runs; empty: here
  Sink output;  ///< if set, takes standard output and standard error as they come
};

/// Starts local programs. Thread-safe. Every child is ended when its task is stopped or out of time.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  /// Runs to the end; Error(not_found) if there is no such program, Error(timed_out) after the deadline,
  /// Error if it cannot be started.
  virtual CommandResult run(const LocalCommand& command, Task& task) = 0;
  /// Runs with our terminal, until it ends by itself; gives its exit status, Errors as run(). Ctrl-C is the
  /// child's affair (see left_to_foreground_child). One at a time.
  virtual int run_in_foreground(const LocalCommand& command) = 0;
};

/// The operating system's processes.
class SystemProcessRunner final : public ProcessRunner {
 public:
  CommandResult run(const LocalCommand& command, Task& task) override;
  int run_in_foreground(const LocalCommand& command) override;
};

/// Whether a program runs in the foreground, so that this signal is no affair of ours. The terminal's keys
/// reach the program by themselves; SIGTERM and SIGHUP are passed on to it. For the thread that waits for
/// signals: a blocked signal comes there even if it is ignored. Thread-safe; not for signal handlers.
bool left_to_foreground_child(int signal_number);

/// Lets this process open as many files as the system allows; its children get the limit it was started with.
/// To be called once, before any other thread exists.
void raise_open_files_limit();

/// Where a program is, by $PATH, or nothing.
std::optional<fs::path> find_program(const std::string& name);

}  // namespace dm
