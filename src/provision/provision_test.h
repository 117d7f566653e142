#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "provision/provision.h"
#include "ssh/fake_ssh.h"

namespace dm {

/// Keeps what is said to the user.
class KeptLog final : public Log {
 public:
  void line(Level level, std::string_view, std::string_view text) override {
    if (level == Level::debug) return;
    lines.push_back((level == Level::warning ? "WARNING " : "") + std::string(text));
  }
  void progress(std::string_view, std::string_view text) override { last_progress = text; }

  std::vector<std::string> lines;
  std::string last_progress;
};

/// A task for tests, with a clock that does not wait.
struct PlayedTask {
  FakeClock clock;
  KeptLog log;
  StopSignal stop;
  Task task{clock, log, stop};
};

/// Holds a text against a file in testdata/; with DM_ACCEPT=1 it becomes the file.
inline void expect_golden(const std::string& name, const std::string& text) {
  const fs::path path = fs::path(SOURCE_DIR) / "src/provision/testdata" / name;
  const char* accept = std::getenv("DM_ACCEPT");
  if (accept != nullptr && *accept == '1') write_file(path, text, 0644);
  EXPECT_EQ(read_file_if_there(path).value_or(""), text)
      << "differs from " << name << "; DM_ACCEPT=1 takes the new text";
}

/// All that was sent to a machine. The question for facts, always the same, has a golden file of its own.
inline std::string sent(const FakeTranscript& transcript) {
  std::string text;
  for (const auto& command : transcript.commands()) {
    const bool asks = command.input == facts_command().input;
    text += "$ " + command.line + "\n" + (asks ? "(the question for facts)\n" : command.input) + "\n";
  }
  return text;
}

/// Runs scripts in a shell of this computer, whatever the line.
class LocalShellSession final : public SshSession {
 public:
  explicit LocalShellSession(std::string path_in_front = "") : path_in_front_(std::move(path_in_front)) {}
  CommandResult run(const RemoteCommand& command, Task&) override {
    LocalCommand local{.arguments = {"/bin/sh"}, .input = command.input, .output = command.output};
    if (!path_in_front_.empty()) local.environment["PATH"] = path_in_front_ + ":/usr/bin:/bin";
    SystemClock clock;
    SilentLog log;
    const StopSignal stop;
    Task task = Task(clock, log, stop).within(command.limit);
    return runner_.run(local, task);
  }

 private:
  std::string path_in_front_;
  SystemProcessRunner runner_;
};

class LocalShellConnector final : public SshConnector {
 public:
  explicit LocalShellConnector(std::string path_in_front = "") : path_in_front_(std::move(path_in_front)) {}
  std::unique_ptr<SshSession> connect(const SshTarget&, Task&) override {
    return std::make_unique<LocalShellSession>(path_in_front_);
  }

 private:
  std::string path_in_front_;
};

}  // namespace dm
