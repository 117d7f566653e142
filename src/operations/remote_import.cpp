// A bundle straight to another computer.
#include "operations/remote_import.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "operations/login.h"

namespace dm {
namespace {

constexpr int no_program = 127, ssh_failed = 255;

/// A file without a name, which a child can open by this process' number.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(memfd_create("bundle", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw Error("cannot make a file in memory: " + error_text(errno));
    while (!content.empty()) {
      const auto count = write(descriptor_, content.data(), content.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        close(descriptor_);
        throw Error("cannot write to a file in memory: " + error_text(errno));
      }
      content.remove_prefix(static_cast<size_t>(count));
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_); }

 private:
  int descriptor_;
};

/// What runs there, whatever the user's shell is.
std::string line_there(const std::vector<std::string>& import_arguments) {
  std::string words = "docker-machine import";
  for (const auto& word : import_arguments) words += " " + shell_quote(word);
  const std::string script =
      fmt::format("command -v docker-machine >/dev/null || exit {}; exec {} -", no_program, words);
  return "sh -c " + shell_quote(script);
}

}  // namespace

void import_on(const Runtime& runtime, const std::string& host, const std::string& bundle,
               const std::vector<std::string>& import_arguments, const Task& task) {
  require_program("ssh", "to reach another computer");
  const MemoryFile file(bundle);
  task.check();
  const int status = runtime.services.processes.run_in_foreground(
      {.arguments = {"/bin/sh", "-c", R"(exec ssh -- "$1" "$2" < "$0")", file.path(), host,
                     line_there(import_arguments)}});
  if (status == 0) return;
  if (status == no_program) {
    throw Error(
        fmt::format("There is no docker-machine in the PATH of {}: install it there, or export to a file "
                    "and import that",
                    host),
        Reason::not_found);
  }
  if (status == ssh_failed) throw Error(fmt::format("ssh cannot reach {}", host), Reason::unreachable);
  throw Error(fmt::format("{} did not take the machines: it says why above", host));
}

}  // namespace dm
