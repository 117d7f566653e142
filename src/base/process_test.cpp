// Local programs: how they start, and what they and we do about signals.
#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <future>
#include <thread>

namespace dm {
namespace {

class NoLog final : public Log {
 public:
  void line(Level, std::string_view, std::string_view) override {}
  void progress(std::string_view, std::string_view) override {}
};

class Processes : public testing::Test {
 protected:
  Processes() { fs::create_directories(folder_); }
  ~Processes() override { fs::remove_all(folder_); }

  CommandResult shell(const std::string& script) {
    return runner_.run({.arguments = {"sh", "-c", script}}, task_);
  }

  /// A program that can be found but not started: the system has no such interpreter.
  std::string broken_program() const {
    const fs::path program = folder_ / "broken";
    std::ofstream(program) << "#!/no/such/interpreter\n";
    fs::permissions(program, fs::perms::owner_all);
    return program.string();
  }

  template <typename Work>
  static std::string message_of(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("process_test." + std::to_string(getpid()));
  SystemClock clock_;
  NoLog log_;
  StopSignal stop_;
  Task task_ = Task(clock_, log_, stop_).within(std::chrono::seconds(30));
  SystemProcessRunner runner_;
};

/// A signal's action, put back at the end.
class Action {
 public:
  Action(int number, void (*action)(int)) : number_(number), before_(signal(number, action)) {}
  ~Action() { signal(number_, before_); }
  Action(const Action&) = delete;
  Action& operator=(const Action&) = delete;

 private:
  int number_;
  void (*before_)(int);
};

TEST_F(Processes, GiveStatusAndOutput) {
  const auto result =
      runner_.run({.arguments = {"sh", "-c", "cat; echo bad >&2; exit 3"}, .input = "text"}, task_);
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "text");
  EXPECT_EQ(result.error, "bad\n");
  EXPECT_EQ(runner_.run_in_foreground({.arguments = {"sh", "-c", "exit 4"}}), 4);
}

TEST_F(Processes, SayWhyTheyCannotStart) {
  const LocalCommand command{.arguments = {broken_program()}};
  const std::string expected = "cannot run " + broken_program() + ": no such file or directory";
  EXPECT_EQ(message_of([&] { runner_.run(command, task_); }), expected);
  EXPECT_EQ(message_of([&] { runner_.run_in_foreground(command); }), expected);
}

TEST_F(Processes, SayThatTheirFolderIsMissing) {
  const LocalCommand command{.arguments = {"/bin/sh", "-c", "exit 0"}, .folder = folder_ / "missing"};
  const std::string expected =
      "cannot run /bin/sh in the folder " + command.folder.string() + ": no such file or directory";
  EXPECT_EQ(message_of([&] { runner_.run(command, task_); }), expected);
  EXPECT_EQ(message_of([&] { runner_.run_in_foreground(command); }), expected);
}

TEST_F(Processes, MayEndWithTheStatusOfAProgramThatIsNotThere) { EXPECT_EQ(shell("exit 127").status, 127); }

TEST_F(Processes, KeepIgnoringWhatWasIgnoredBefore) {
  const std::string script = "kill -HUP $$; echo alive";
  {
    const Action action(SIGHUP, SIG_IGN);
    EXPECT_EQ(shell(script).output, "alive\n");
  }
  const Action action(SIGHUP, SIG_DFL);
  EXPECT_EQ(shell(script).status, 128 + SIGHUP);
}

TEST_F(Processes, InTheForegroundTakeTheSignals) {
  EXPECT_FALSE(left_to_foreground_child(SIGTERM));
  const Action terminate(SIGTERM, SIG_DFL);
  auto status = std::async(std::launch::async, [&] {
    return runner_.run_in_foreground({.arguments = {"sleep", "60"}});
  });
  while (!left_to_foreground_child(SIGINT)) {
    task_.check();
    std::this_thread::yield();
  }
  EXPECT_TRUE(left_to_foreground_child(SIGINT));
  EXPECT_TRUE(left_to_foreground_child(SIGTERM));
  EXPECT_EQ(status.get(), 128 + SIGTERM);
  EXPECT_FALSE(left_to_foreground_child(SIGTERM));
}

TEST_F(Processes, HaveTheLimitOfOpenFilesThatWeWereStartedWith) {
  rlimit before{}, now{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{std::min<rlim_t>(512, before.rlim_max - 1), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &low);
  raise_open_files_limit();
  getrlimit(RLIMIT_NOFILE, &now);
  const std::string limit_of_child = shell("ulimit -n").output;
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  EXPECT_EQ(limit_of_child, std::to_string(low.rlim_cur) + "\n");
}

}  // namespace
}  // namespace dm
