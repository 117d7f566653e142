// Machines for the user's own SSH programs, which know nothing of us.
#include "operations/ssh_access.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "ssh/openssh.h"

namespace dm {
namespace {

constexpr auto ssh_limit = std::chrono::seconds(10), lock_limit = std::chrono::seconds(30);

std::string config_path(const Runtime& runtime) {
  return fs::absolute(fs::path(runtime.store.path()) / "ssh_config").string();
}

/// As ssh_config(5) reads a file's name.
std::string included(const std::string& path) { return "Include \"" + path + "\"\n"; }

/// One process at a time: who read the machines earlier must not write later.
void write_config(const Runtime& runtime, const Task& task) {
  const auto lock =
      FileLock::acquire(fs::path(runtime.store.path()) / "locks/ssh_config.lock", task.within(lock_limit));
  write_file(config_path(runtime),
             "# Written by docker-machine whenever machines change.\n" +
                 ssh_config_of(runtime, runtime.store.names()),
             private_file);
}

/// What ssh would do for that host name, as `ssh -G` prints it.
std::string resolved(const Runtime& runtime, const std::string& host, Task& task) {
  Task limited = task.within(ssh_limit);
  const CommandResult result = runtime.services.processes.run({.arguments = {"ssh", "-G", host}}, limited);
  if (!result.ok()) throw Error(fmt::format("ssh -G {}: {}", host, trim(result.error)));
  return result.output;
}

}  // namespace

std::string ssh_host_name(const std::string& machine) { return machine + ".docker-machine"; }

std::string ssh_config_of(const Runtime& runtime, const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    try {
      const OpenMachine open = open_machine(runtime, name);
      const Endpoint endpoint = open.driver->endpoint();
      if (!endpoint.ssh || endpoint.address.empty()) continue;
      text += ssh_config_block(name + " " + ssh_host_name(name), *endpoint.ssh);
    } catch (const Error&) {
      continue;  // `ls` tells what is wrong with it.
    }
  }
  return text;
}

std::string install_ssh_config(const Runtime& runtime, const Task& task) {
  write_config(runtime, task);
  const std::string path = config_path(runtime);
  const fs::path folder = fs::path(runtime.services.environment.home()) / ".ssh";
  make_folders(folder);
  const fs::path own = folder / "config";
  const std::string text = read_file_if_there(own).value_or("");
  // In front of everything: behind a Host line it would hold for that host only.
  if (!text.contains(included(path))) {
    std::error_code missing;
    const fs::path file = fs::canonical(own, missing);  // Whoever keeps it elsewhere has a link here.
    write_file(missing ? own : file, included(path) + text, private_file);
  }
  return path;
}

void refresh_ssh_config(const Runtime& runtime, const Task& task) {
  if (!is_there(config_path(runtime))) return;
  try {
    write_config(runtime, task);
  } catch (const Error& error) {
    task.warn(error.what());
  }
}

std::string docker_ssh_url(const Runtime& runtime, const OpenMachine& open, Task& task) {
  const Endpoint endpoint = known_endpoint(open);
  if (!endpoint.ssh) {
    throw Error(fmt::format("Machine {} has the driver {}, which gives no SSH access", go_quote(open.name()),
                            go_quote(open.machine.driver_name)));
  }
  const SshTarget& target = *endpoint.ssh;
  const std::string host = ssh_host_name(open.name());
  const auto lines = split(resolved(runtime, host, task), '\n');
  const bool known = std::ranges::any_of(lines, [&](const std::string& line) {
    return lower(line) ==
           lower("hostkeyalias " + (target.host_alias.empty() ? target.host : target.host_alias));
  });
  if (!known) {
    throw Error(
        fmt::format("The docker client starts ssh by itself, and your SSH configuration does not know the "
                    "machine {}: run \"docker-machine ssh-config --install\" once",
                    go_quote(open.name())));
  }
  return "ssh://" + host;
}

}  // namespace dm
