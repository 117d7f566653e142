// Root's shell on an engine's host, through a container.
#include "docker/host_shell.h"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "base/json.h"
#include "base/strings.h"

namespace dm {
namespace {

constexpr auto repository = "docker-machine-host-shell";
constexpr auto cleaning_limit = std::chrono::seconds(20);
/// What is older than any of our calls was left by one that broke off.
constexpr long long abandoned_after = 15LL * 60;  // seconds
constexpr size_t quoted_answer = 300;

/// One entry of a tar (POSIX.1-1988 "ustar"): a link, or a file if `target` is "".
std::string tar_entry(const std::string& name, const std::string& target, const std::string& content) {
  constexpr size_t block = 512;
  std::string header(block, '\0');
  const auto put = [&](size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  put(156, target.empty() ? "0" : "2");
  put(157, target);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  const size_t rest = content.size() % block;
  return header + content + std::string(rest == 0 ? 0 : block - rest, '\0');
}

std::string tar_end() { return std::string(1024, '\0'); }

/// The image: where the host's programs, and what they load, are looked for in the container.
std::string image_tar() {
  std::string tar;
  for (const char* name : {"bin", "sbin", "usr", "lib", "lib32", "lib64", "nix"}) {
    tar += tar_entry(name, std::string("/host/") + name, "");
  }
  return tar + tar_end();
}

/// In the host's own name spaces where that is allowed, else with its file system as ours.
constexpr std::string_view entrance = R"sh(exec </input
export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root SYSTEMD_IGNORE_CHROOT=1
if nsenter -t 1 -m -u -i -n true >/dev/null 2>&1 </dev/null; then exec nsenter -t 1 -m -u -i -n /bin/sh -c "$1"; fi
exec chroot /host /bin/sh -c "$1"
)sh";

/// By their numbers. Those that came later are not known to all engines that are in use.
constexpr std::array capability_names{"CHOWN",
                                      "DAC_OVERRIDE",
                                      "DAC_READ_SEARCH",
                                      "FOWNER",
                                      "FSETID",
                                      "KILL",
                                      "SETGID",
                                      "SETUID",
                                      "SETPCAP",
                                      "LINUX_IMMUTABLE",
                                      "NET_BIND_SERVICE",
                                      "NET_BROADCAST",
                                      "NET_ADMIN",
                                      "NET_RAW",
                                      "IPC_LOCK",
                                      "IPC_OWNER",
                                      "SYS_MODULE",
                                      "SYS_RAWIO",
                                      "SYS_CHROOT",
                                      "SYS_PTRACE",
                                      "SYS_PACCT",
                                      "SYS_ADMIN",
                                      "SYS_BOOT",
                                      "SYS_NICE",
                                      "SYS_RESOURCE",
                                      "SYS_TIME",
                                      "SYS_TTY_CONFIG",
                                      "MKNOD",
                                      "LEASE",
                                      "AUDIT_WRITE",
                                      "AUDIT_CONTROL",
                                      "SETFCAP",
                                      "MAC_OVERRIDE",
                                      "MAC_ADMIN",
                                      "SYSLOG",
                                      "WAKE_ALARM",
                                      "BLOCK_SUSPEND",
                                      "AUDIT_READ"};

/// The capabilities of a hexadecimal mask as in /proc/PID/status.
std::vector<std::string> capabilities_in(const std::string& mask) {
  std::vector<std::string> names;
  const auto bits = std::strtoull(mask.c_str(), nullptr, 16);
  for (size_t i = 0; i < capability_names.size(); ++i) {
    if ((bits >> i & 1U) != 0) names.emplace_back(capability_names.at(i));
  }
  return names;
}

/// Takes the two streams of a container's log apart: each piece comes behind eight bytes that name its stream
/// and its length.
class LogReader {
 public:
  LogReader(const Sink& output, const Sink& error) : output_(output), error_(error) {}

  void take(std::string_view bytes) {
    for (pending_ += bytes; pending_.size() >= head;) {
      size_t length = 0;
      for (size_t i = 4; i < head; ++i) length = length << 8 | static_cast<unsigned char>(pending_[i]);
      if (pending_.size() < head + length) return;
      (pending_[0] == 2 ? error_ : output_)(std::string_view(pending_).substr(head, length));
      pending_.erase(0, head + length);
    }
  }

 private:
  static constexpr size_t head = 8;
  const Sink& output_;
  const Sink& error_;
  std::string pending_;
};

void remove(HttpClient& http, const EngineAccess& engine, const std::string& path, Task& task) {
  HttpRequest request = engine_request(engine, path);
  request.method = "DELETE";
  http.send(request, task);
}

/// One container with its image, from its making to its removal.
class HostContainer {
 public:
  HostContainer(HttpClient& http, const EngineAccess& engine, Task& task)
      : http_(http), engine_(engine), task_(task), image_(fmt::format("{}:{}", repository, random_hex(12))) {}
  HostContainer(const HostContainer&) = delete;
  HostContainer& operator=(const HostContainer&) = delete;

  ~HostContainer() {
    // Also after Ctrl-C, and when the time is over.
    const StopSignal never;
    Task cleaning = Task(task_.clock(), task_.log(), never).within(cleaning_limit);
    try {
      if (!id_.empty()) remove(http_, engine_, fmt::format("/containers/{}?force=1&v=1", id_), cleaning);
      if (imported_) remove(http_, engine_, fmt::format("/images/{}?force=1", image_), cleaning);
    } catch (const Error& error) {
      task_.debug(error.what());
    }
  }

  int run(const std::string& line, const std::string& input, const std::vector<std::string>& capabilities,
          const Sink& output, const Sink& error) {
    make(line, capabilities);
    HttpRequest put = engine_request(engine_, fmt::format("/containers/{}/archive?path=/", id_));
    put.method = "PUT";
    put.headers = {"Content-Type: application/x-tar"};
    put.body = tar_entry("input", "", input) + tar_end();
    must(put);
    must(post(fmt::format("/containers/{}/start", id_)));
    LogReader reader(output, error);
    HttpRequest logs =
        engine_request(engine_, fmt::format("/containers/{}/logs?follow=1&stdout=1&stderr=1", id_));
    logs.content = [&](std::string_view bytes) { reader.take(bytes); };
    must(logs);
    return static_cast<int>(
        number_of(parse_json(must(post(fmt::format("/containers/{}/wait", id_)))), "StatusCode", -1));
  }

 private:
  void make(const std::string& line, const std::vector<std::string>& capabilities) {
    const auto colon = image_.find(':');
    HttpRequest import = post(fmt::format("/images/create?fromSrc=-&repo={}&tag={}", image_.substr(0, colon),
                                          image_.substr(colon + 1)));
    import.headers = {"Content-Type: application/x-tar"};
    import.body = image_tar();
    imported_ = true;
    // A failure in the middle of it comes in the body of an answer that is well.
    if (const std::string said = must(import); said.contains("\"error\"")) throw refusal(said);
    HttpRequest create = post("/containers/create");
    create.headers = {"Content-Type: application/json"};
    create.body =
        go_json({{"Image", image_},
                 {"Cmd", {"/bin/sh", "-c", std::string(entrance), "sh", line}},
                 {"User", "0"},
                 {"Labels", {{repository, "yes"}}},
                 {"HostConfig",
                  {{"Mounts", Json::array({{{"Type", "bind"}, {"Source", "/"}, {"Target", "/host"}}})},
                   {"NetworkMode", "host"},
                   {"PidMode", "host"},
                   {"IpcMode", "host"},
                   {"UTSMode", "host"},
                   {"UsernsMode", "host"},
                   {"CapAdd", capabilities},
                   {"SecurityOpt", {"apparmor=unconfined", "seccomp=unconfined", "label=disable"}},
                   {"LogConfig", {{"Type", "json-file"}}}}}},
                0);
    id_ = text_of(parse_json(must(create)), "Id");
  }

  HttpRequest post(const std::string& path) const {
    HttpRequest request = engine_request(engine_, path);
    request.method = "POST";
    return request;
  }

  static Error refusal(const std::string& said) {
    return Error(fmt::format("its engine refuses a container: {}",
                             trim(std::string_view(said).substr(0, quoted_answer))));
  }

  std::string must(const HttpRequest& request) {
    HttpResponse response = http_.send(request, task_);
    if (response.status / 100 != 2) throw refusal(response.body);
    return std::move(response.body);
  }

  HttpClient& http_;
  const EngineAccess& engine_;
  Task& task_;
  std::string image_, id_;
  bool imported_ = false;
};

/// Removes what calls have left that were broken off, say by the end of our computer.
void remove_abandoned(HttpClient& http, const EngineAccess& engine, Task& task) {
  // By the engine's clock, which made the dates.
  const auto greeting = greet(http, engine, cleaning_limit, task);
  if (!greeting) return;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(greeting->time.time_since_epoch());
  const auto answer = http.send(
      engine_request(engine, fmt::format("/containers/json?all=1&filters=%7B%22label%22%3A%5B%22{}%22%5D%7D",
                                         repository)),
      task);
  if (answer.status != 200) return;
  for (const auto& container : parse_json(answer.body)) {
    if (now.count() - number_of(container, "Created") < abandoned_after) continue;
    remove(http, engine, fmt::format("/containers/{}?force=1&v=1", text_of(container, "Id")), task);
    remove(http, engine, fmt::format("/images/{}?force=1", text_of(container, "Image")), task);
  }
}

}  // namespace

int HostShell::run(const std::string& line, const std::string& input, const Sink& output, const Sink& error,
                   Task& task) {
  if (capabilities_.empty()) {
    // What process 1 may do, no more and no less: an engine cannot give what its own host does not have, and
    // who has less than process 1 is not let into its name spaces.
    remove_abandoned(http_, engine_, task);
    std::string mask;
    const Sink keep = [&](std::string_view text) { mask += text; };
    HostContainer(http_, engine_, task)
        .run("sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status", "", {}, keep, keep);
    capabilities_ = capabilities_in(std::string(trim(mask)));
    if (capabilities_.empty()) {
      throw Error(fmt::format("its host's programs do not run in a container: {}",
                              trim(std::string_view(mask).substr(0, quoted_answer))));
    }
  }
  return HostContainer(http_, engine_, task).run(line, input, capabilities_, output, error);
}

}  // namespace dm
