// Finding and ending processes. Leaves the process: a shell and, where it is installed, an empty qemu are
// started.
#include "drivers/qemu/qemu_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/strings.h"
#include "drivers/qemu/qmp.h"

namespace dm {
namespace {

/// A shell that waits for its input, with "-uuid UUID" among its arguments.
class Stranger {
 public:
  explicit Stranger(const std::string& uuid) {
    EXPECT_EQ(pipe(ends_), 0);
    id_ = fork();
    if (id_ == 0) {
      dup2(ends_[0], 0);
      close(ends_[1]);
      execl("/bin/sh", "sh", "-c", "read line; exit 3", "sh", "-uuid", uuid.c_str(), nullptr);
      _exit(127);
    }
  }
  ~Stranger() {
    kill(id_, SIGKILL);
    if (!reaped_) waitpid(id_, nullptr, 0);
    close(ends_[0]);
    close(ends_[1]);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  int id() const { return id_; }
  int ended_by() {
    int status = 0;
    waitpid(id_, &status, 0);
    reaped_ = true;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  int ends_[2]{};
  pid_t id_ = -1;
  bool reaped_ = false;
};

class QemuProcesses : public testing::Test {
 protected:
  QemuProcesses() { make_folders(folder_); }
  ~QemuProcesses() override { dm::remove_all(folder_); }
  void note(int id) const { write_file(folder_ / QemuProcess::file_name, std::to_string(id) + "\n", 0600); }
  /// Looks until the child has become what it is to be.
  std::optional<QemuProcess> eventually_found(const std::string& uuid) const {
    Backoff backoff(Milliseconds(1), Milliseconds(50));
    for (;;) {
      if (auto process = QemuProcess::find_anywhere(uuid)) return process;
      backoff.pause(task_);
    }
  }

  fs::path folder_ = fs::temp_directory_path() / ("qemu_process_test, " + random_hex(8));
  const std::string uuid_ = "01234567-89ab-4cde-8f01-" + random_hex(12);
  SystemClock clock_;
  SilentLog log_;
  StopSignal stop_;
  const Task task_ = Task(clock_, log_, stop_).within(std::chrono::seconds(30));
};

TEST_F(QemuProcesses, AreKnownByTheirUuidAlone) {
  Stranger machine(uuid_);
  ASSERT_TRUE(eventually_found(uuid_));
  EXPECT_FALSE(QemuProcess::find(folder_, uuid_));  // nothing noted
  note(machine.id());
  EXPECT_TRUE(QemuProcess::find(folder_, uuid_));
  EXPECT_FALSE(QemuProcess::find(folder_, random_hex(32)));
  EXPECT_FALSE(QemuProcess::find(folder_, uuid_.substr(0, 35)));
  note(getpid());
  EXPECT_FALSE(QemuProcess::find(folder_, uuid_));
  for (const char* text : {"", "0", "1", "-1", "x", "99999999999"}) {
    write_file(folder_ / QemuProcess::file_name, text, 0600);
    EXPECT_FALSE(QemuProcess::find(folder_, uuid_)) << text;
  }
  EXPECT_FALSE(QemuProcess::find_anywhere(""));
}

TEST_F(QemuProcesses, AreEnded) {
  Stranger machine(uuid_);
  const auto process = eventually_found(uuid_);
  ASSERT_TRUE(process);
  EXPECT_FALSE(process->wait(Milliseconds(0), task_));
  process->kill();
  EXPECT_TRUE(process->wait(std::chrono::seconds(20), task_));
  EXPECT_FALSE(QemuProcess::find_anywhere(uuid_));  // a zombie is none
  EXPECT_EQ(machine.ended_by(), SIGKILL);
}

TEST_F(QemuProcesses, AnswerAndGo) {
  const auto program = find_program("qemu-system-x86_64");
  if (!program) GTEST_SKIP() << "qemu is not installed";
  SystemProcessRunner runner;
  Task task = task_;
  const auto started = runner.run(
      {.arguments = {program->string(), "-machine", "none", "-nodefaults", "-display", "none", "-uuid", uuid_,
                     "-qmp", std::string("unix:") + Qmp::socket_name + ",server=on,wait=off", "-pidfile",
                     QemuProcess::file_name, "-daemonize"},
       .folder = folder_},
      task);
  ASSERT_TRUE(started.ok()) << started.error;
  const auto process = QemuProcess::find(folder_, uuid_);
  ASSERT_TRUE(process);
  {
    auto qmp = Qmp::connect(folder_, task_);
    ASSERT_TRUE(qmp);
    EXPECT_EQ(text_of(qmp->execute("query-status", task_), "status"), "running");
    EXPECT_THROW(qmp->execute("no-such-command", task_), Error);
    qmp->execute("quit", task_);
  }
  EXPECT_TRUE(process->wait(std::chrono::seconds(20), task_));
  EXPECT_FALSE(Qmp::connect(folder_, task_));
}

}  // namespace
}  // namespace dm
