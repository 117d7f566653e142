// How the docker client calls its plugins: `docker machine ls` runs us with its own command line.
#include "app/docker_plugin.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "app/version.h"
#include "base/json.h"
#include "base/process.h"

namespace dm {
namespace {

constexpr auto plugin_name = "machine";

/// Options of the docker client that take a value in the next word.
bool takes_value(const std::string& word) {
  static constexpr std::array names{"--config", "-c",          "--context",   "-H",        "--host",
                                    "-l",       "--log-level", "--tlscacert", "--tlscert", "--tlskey"};
  return std::ranges::find(names, word) != names.end();
}

/// A socket that is connected to the docker client's address, or -1.
int connected_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  // "@name" has no file; the name is as long as the address says.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (end >= 0 && connect(end, reinterpret_cast<const sockaddr*>(&address), size) == 0) return end;
  if (end >= 0) close(end);
  return -1;
}

/// Returns when the other side has closed the connection.
void wait_for_end(int end) {
  char ignored = 0;
  while (true) {
    const auto count = read(end, &ignored, 1);
    if (count == 0 || (count < 0 && errno != EINTR)) return;
  }
}

}  // namespace

bool is_metadata_request(const std::vector<std::string>& arguments) {
  return arguments.size() > 1 && arguments[1] == "docker-cli-plugin-metadata";
}

std::string plugin_metadata() {
  Json metadata = Json::object();
  metadata["SchemaVersion"] = "0.1.0";
  metadata["Vendor"] = "Docker Machine";
  metadata["Version"] = version_number();
  metadata["ShortDescription"] = "Create and manage machines running Docker";
  return metadata.dump(2) + "\n";
}

std::optional<std::vector<std::string>> without_docker(const std::vector<std::string>& arguments,
                                                       const Environment& environment) {
  if (!environment.variable("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND")) return std::nullopt;
  std::vector<std::string> own{"docker machine"};
  for (size_t at = 1; at < arguments.size(); ++at) {
    const std::string& word = arguments[at];
    if (word == plugin_name) {
      own.insert(own.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
      return own;
    }
    if (word == "-D" || word == "--debug") {
      own.emplace_back("--debug");
    } else if (word == "help" || word == "__complete" || word == "__completeNoDesc") {
      own.push_back(word);  // "docker help machine ls"
    } else if (takes_value(word)) {
      ++at;
    } else if (!word.starts_with('-')) {
      break;
    }
  }
  return std::nullopt;
}

void stop_with_docker(const Environment& environment, StopSignal& stop) {
  const int end = connected_to(environment.variable_or("DOCKER_CLI_PLUGIN_SOCKET", ""));
  if (end < 0) return;
  std::thread([end, &stop] {
    wait_for_end(end);
    if (!left_to_foreground_child(SIGTERM)) stop.raise();
  }).detach();
}

}  // namespace dm
