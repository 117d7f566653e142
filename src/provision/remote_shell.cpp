// Scripts for machines: put together, sent, and their output read.
#include "provision/remote_shell.h"

#include <fmt/core.h>

#include <deque>
#include <numeric>
#include <utility>

#include "base/strings.h"

namespace dm {
namespace {

constexpr std::string_view marker = "::docker-machine ";
constexpr size_t tail_lines = 20;

/// What every script can use. Function and variable names are short and unlikely to be anything else.
constexpr std::string_view prelude = R"sh(
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 022
mark() { printf '::docker-machine %s\n' "$*"; }
tell() { mark "tell $*"; }
warn() { mark "warn $*"; }
fail() { mark "fail $*"; exit 1; }
limited() {
  if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift; "$@"; fi
}
seconds_up() { read -r up idle </proc/uptime; echo "${up%%.*}"; }
staged= temporary=
trap 'rm -rf $temporary' EXIT
stage() {
  staged="$staged $1" temporary="$temporary $1.new"
  why=$( (rm -f "$1.new" && umask 077 && cat >"$1.new") 2>&1) || fail "Error writing $1: $why"
  why=$( (chmod "$2" "$1.new" && { sync "$1.new" || :; }) 2>&1) || fail "Error writing $1: $why"
}
replace_staged() {
  for file in $staged; do
    why=$(mv -f "$file.new" "$file" 2>&1) || fail "Error writing $file: $why"
  done
  staged=
}
)sh";

/// Takes a script's output apart: markers, and ordinary lines of which the last ones are kept.
class Transcript {
 public:
  explicit Transcript(Task& task) : task_(task) {}
  ~Transcript() { task_.progress(""); }
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  void take(std::string_view text) {
    for (const char letter : text) {
      // Progress bars overwrite their line with a carriage return.
      if (letter == '\n' || letter == '\r') {
        take_line();
      } else {
        line_ += letter;
      }
    }
  }
  void finish() { take_line(); }

  /// The user's view of how it failed.
  Error error(const std::string& cause) const {
    std::string message = failure_.empty() ? fmt::format("Error {}: {}", part_, cause) : failure_;
    for (const auto& line : tail_) message += "\n" + line;
    return Error(message);
  }
  const std::string& part() const { return part_; }

 private:
  void take_line() {
    const std::string line = std::exchange(line_, {});
    if (line.starts_with(marker)) return take_marker(std::string_view(line).substr(marker.size()));
    if (trim(line).empty()) return;
    task_.debug(line);
    task_.progress(line);
    tail_.push_back(line);
    if (tail_.size() > tail_lines) tail_.pop_front();
  }
  void take_marker(std::string_view text) {
    const auto blank = text.find(' ');
    const auto kind = text.substr(0, blank);
    const auto rest = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
    if (kind == "part") {
      part_ = rest;
      tail_.clear();
    } else if (kind == "tell") {
      task_.info(rest);
    } else if (kind == "warn") {
      task_.warn(rest);
    } else if (kind == "fail") {
      failure_ = rest;
    }
  }

  Task& task_;
  std::string line_, failure_;
  std::string part_ = "running a script on the machine";
  std::deque<std::string> tail_;
};

}  // namespace

std::string Script::text() const {
  // A function is read to its end before anything of it runs; its input is empty, so that no program in it
  // can swallow the rest; and one stream for all output keeps the order.
  std::string text = "docker_machine() {" + std::string(prelude);
  for (const auto& part : parts_) {
    text += fmt::format("\nmark part {}\n{}", shell_quote(part.name), part.code);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text + "}\ndocker_machine </dev/null 2>&1\nexit 0\n";
}

Milliseconds Script::limit() const {
  return std::accumulate(parts_.begin(), parts_.end(), Milliseconds(std::chrono::seconds(10)),
                         [](Milliseconds sum, const ScriptPart& part) { return sum + part.limit; });
}

std::string Script::description() const {
  std::string text;
  for (const auto& part : parts_) {
    if (&part != &parts_.front()) text += &part == &parts_.back() ? " and " : ", ";
    text += part.name;
  }
  return text;
}

std::string shell_for(Privilege privilege) { return privilege == Privilege::sudo ? "sudo -n sh" : "sh"; }

std::string here_document(const std::string& content) {
  std::string end = "END";
  while (("\n" + content + "\n").contains("\n" + end + "\n")) end += "_";
  return fmt::format(" <<'{}'\n{}{}{}\n", end, content, content.ends_with('\n') ? "" : "\n", end);
}

void run_script(RemoteHost& host, const Script& script, Privilege privilege, Task& task) {
  task.debug(script.description());
  Transcript transcript(task);
  RemoteCommand command{.line = shell_for(privilege),
                        .input = script.text(),
                        .output = [&](std::string_view text) { transcript.take(text); },
                        .limit = script.limit()};
  CommandResult result;
  try {
    result = host.run(command, task);
  } catch (const Error& error) {
    transcript.finish();
    task.check();
    throw Error(transcript.error(error.what()).what(), error.reason());
  }
  transcript.finish();
  if (!result.ok()) throw transcript.error(fmt::format("exit status {}", result.status));
}

}  // namespace dm
