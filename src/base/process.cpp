// Local child processes, with deadlines.
#include "base/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/strings.h"

extern char** environ;

namespace dm {
namespace {

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Error("cannot make a pipe: " + error_text(errno));
  }
  ~Pipe() { close_end(0), close_end(1); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
};

/// The program in the foreground, 0 if there is none. The lock makes sure that a signal never goes to a
/// process that is reaped already, whose id may be another's by now.
struct Foreground {
  std::mutex lock;
  pid_t child = 0;
};

// Never destroyed: the thread that waits for signals outlives main.
Foreground& foreground() {
  static Foreground& one = *new Foreground;
  return one;
}

/// The limit of open files that we were started with, if we have raised it since.
std::optional<rlimit>& limit_at_start() {
  static std::optional<rlimit> limit;
  return limit;
}

bool is_ignored(int number) {
  struct sigaction action {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

/// Everything that the child needs, made before the fork: afterwards only async-signal-safe calls are
/// allowed.
struct Image {
  std::string program;
  std::vector<std::string> environment;
  std::vector<char*> argv, envp;
  std::vector<int> default_signals{SIGPIPE};  ///< we ignore this one ourselves
  std::optional<rlimit> limit = limit_at_start();
  explicit Image(const LocalCommand& command) {
    const auto found = find_program(command.arguments.at(0));
    if (!found) {
      throw Error(fmt::format("exec: {}: executable file not found in $PATH", go_quote(command.arguments[0])),
                  Reason::not_found);
    }
    program = found->string();
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      if (!command.environment.contains(std::string(text.substr(0, text.find('=')))))
        environment.emplace_back(text);
    }
    for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);
    for (const auto& argument : command.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    for (const auto& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
    argv.push_back(nullptr), envp.push_back(nullptr);
    // What was ignored when we were started (nohup) stays so for the child.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      if (!is_ignored(number)) default_signals.push_back(number);
  }
};

/// What a child tells about a step it could not do; it has no other voice before its program runs.
struct Failure {
  enum class Step { enter_folder, run_program } step = Step::run_program;
  int number = 0;  ///< errno
};

void restore_state(const Image& image) {
  for (const int number : image.default_signals) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (image.limit) setrlimit(RLIMIT_NOFILE, &*image.limit);
}

[[noreturn]] void become(const Image& image, const fs::path& folder, const Pipe& report) {
  restore_state(image);
  Failure failure{.step = Failure::Step::enter_folder};
  if (folder.empty() || chdir(folder.c_str()) == 0) {
    failure.step = Failure::Step::run_program;
    execve(image.program.c_str(), image.argv.data(), image.envp.data());
  }
  failure.number = errno;
  [[maybe_unused]] const auto written = write(report.ends[1], &failure, sizeof failure);
  _exit(127);
}

/// Waits until the child's program runs, which closes the pipe's other end; what it failed at, if it did.
std::optional<Failure> failure_of(Pipe& report) {
  report.close_end(1);
  Failure failure;
  ssize_t count = 0;
  while ((count = read(report.ends[0], &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  return count == sizeof failure ? std::optional(failure) : std::nullopt;
}

[[noreturn]] void refuse(const Failure& failure, const Image& image, const fs::path& folder) {
  if (failure.step == Failure::Step::enter_folder) {
    throw Error(fmt::format("cannot run {} in the folder {}: {}", image.program, folder.string(),
                            error_text(failure.number)));
  }
  throw Error(fmt::format("cannot run {}: {}", image.program, error_text(failure.number)));
}

int status_of(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

int wait_for(pid_t child) {
  int raw = 0;
  while (waitpid(child, &raw, 0) < 0 && errno == EINTR) {
  }
  return status_of(raw);
}

/// A child that does not outlive its scope: its whole process group is ended when an exception passes.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ <= 0) return;
    kill(-id_, SIGKILL);
    wait_for(id_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int wait() { return wait_for(std::exchange(id_, 0)); }

 private:
  pid_t id_;
};

bool read_some(Pipe& from, const Sink& to) {
  std::array<char, 16384> block;
  const auto count = read(from.ends[0], block.data(), block.size());
  if (count > 0) to({block.data(), static_cast<size_t>(count)});
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) from.close_end(0);
  return count > 0;
}

void write_some(Pipe& to, std::string_view& rest) {
  const auto count = rest.empty() ? 0 : write(to.ends[1], rest.data(), rest.size());
  if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
  if (rest.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) to.close_end(1);
}

/// Starts the child and makes it the one in the foreground; its id, -1 if that fails.
pid_t start_in_foreground(const Image& image, const fs::path& folder, const Pipe& report) {
  // Held until the id is known: a signal that comes meanwhile is the child's already.
  const std::lock_guard guard(foreground().lock);
  const pid_t id = fork();
  if (id == 0) become(image, folder, report);
  if (id > 0) foreground().child = id;
  return id;
}

int wait_in_foreground(pid_t id) {
  siginfo_t ignored;
  while (waitid(P_PID, static_cast<id_t>(id), &ignored, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  const std::lock_guard guard(foreground().lock);
  foreground().child = 0;
  return wait_for(id);
}

/// Ignores the terminal's keys while it lives.
class IgnoredKeys {
 public:
  IgnoredKeys() {
    for (size_t i = 0; i < keys.size(); ++i) before_[i] = signal(keys[i], SIG_IGN);
  }
  ~IgnoredKeys() {
    for (size_t i = 0; i < keys.size(); ++i) signal(keys[i], before_[i]);
  }
  IgnoredKeys(const IgnoredKeys&) = delete;
  IgnoredKeys& operator=(const IgnoredKeys&) = delete;

 private:
  static constexpr std::array<int, 2> keys{SIGINT, SIGQUIT};
  std::array<void (*)(int), 2> before_{};
};

}  // namespace

bool left_to_foreground_child(int signal_number) {
  const std::lock_guard guard(foreground().lock);
  const pid_t child = foreground().child;
  if (child > 0 && (signal_number == SIGTERM || signal_number == SIGHUP)) kill(child, signal_number);
  return child > 0;
}

void raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  const rlimit before = std::exchange(limit, {limit.rlim_max, limit.rlim_max});
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) limit_at_start() = before;
}

std::optional<fs::path> find_program(const std::string& name) {
  if (name.contains('/'))
    return access(name.c_str(), X_OK) == 0 ? std::optional<fs::path>(name) : std::nullopt;
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code ignored;
    if (access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate, ignored)) return candidate;
  }
  return std::nullopt;
}

CommandResult SystemProcessRunner::run(const LocalCommand& command, Task& task) {
  task.check();
  const Image image(command);
  Pipe input, output, error, report;
  const pid_t id = fork();
  if (id < 0) throw Error("cannot start a process: " + error_text(errno));
  if (id == 0) {
    // A group of its own: Ctrl-C reaches us first, and its children end with it.
    setpgid(0, 0);
    dup2(input.ends[0], 0), dup2(output.ends[1], 1), dup2(error.ends[1], 2);
    // What our caller left open is not for a child, which may live on: who reads a pipe to its end would wait
    // for it.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    become(image, command.folder, report);
  }
  setpgid(id, id);
  Child child(id);
  if (const auto failure = failure_of(report)) refuse(*failure, image, command.folder);
  input.close_end(0), output.close_end(1), error.close_end(1);
  fcntl(input.ends[1], F_SETFL, O_NONBLOCK);

  CommandResult result;
  const Sink to_output =
      command.output ? command.output : [&](std::string_view text) { result.output += text; };
  const Sink to_error =
      command.output ? command.output : [&](std::string_view text) { result.error += text; };
  std::string_view rest = command.input;
  if (rest.empty()) input.close_end(1);
  while (output.ends[0] >= 0 || error.ends[0] >= 0) {
    std::array<pollfd, 4> wanted{{{output.ends[0], POLLIN, 0},
                                  {error.ends[0], POLLIN, 0},
                                  {input.ends[1], POLLOUT, 0},
                                  {task.stop_descriptor(), POLLIN, 0}}};
    task.check();
    poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(std::chrono::hours(1)).count()));
    if (wanted[0].revents != 0) read_some(output, to_output);
    if (wanted[1].revents != 0) read_some(error, to_error);
    if (wanted[2].revents != 0) write_some(input, rest);
  }
  result.status = child.wait();
  return result;
}

int SystemProcessRunner::run_in_foreground(const LocalCommand& command) {
  const Image image(command);
  Pipe report;
  // The terminal sends Ctrl-C to both: the child decides, we only wait.
  const IgnoredKeys ignored;
  const pid_t id = start_in_foreground(image, command.folder, report);
  if (id < 0) throw Error("cannot start a process: " + error_text(errno));
  const auto failure = failure_of(report);
  const int status = wait_in_foreground(id);
  if (failure) refuse(*failure, image, command.folder);
  return status;
}

}  // namespace dm
