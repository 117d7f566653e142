// Argument lists for the user's own OpenSSH programs.
#include "ssh/openssh.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/strings.h"
#include "ssh/known_hosts.h"

namespace dm {
namespace {

std::string alias_of(const SshTarget& target) {
  return target.host_alias.empty() ? target.host : target.host_alias;
}

/// A path as the value of an OpenSSH option: % is OpenSSH's own sign, blanks separate files.
std::string option_path(const std::string& path) {
  std::string text = replace_all(path, "%", "%%");
  if (text.find_first_of(" \t\"'\\#") == std::string::npos) return text;
  return "\"" + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

/// Who the machine has to prove to be.
std::vector<std::string> host_key_settings(const SshTarget& target) {
  if (target.known_hosts.empty()) throw Error("no file is named to pin the SSH host key in");
  // OpenSSH's accept-new would accept an unknown key of another type beside the pinned one.
  const bool pinned = !pinned_host_keys(target.known_hosts, alias_of(target)).empty();
  return {fmt::format("StrictHostKeyChecking={}", pinned ? "yes" : "accept-new"),
          "UserKnownHostsFile=" + option_path(target.known_hosts), "GlobalKnownHostsFile=/dev/null",
          "HostKeyAlias=" + alias_of(target)};
}

/// The same options as words "KEY=VALUE", in the order of the original; ours at the end.
std::vector<std::string> settings(const SshTarget& target) {
  std::vector<std::string> words{"ConnectionAttempts=3",  "ConnectTimeout=10", "ControlMaster=no",
                                 "ControlPath=none",      "LogLevel=error",    "PasswordAuthentication=no",
                                 "ServerAliveInterval=60"};
  for (auto& word : host_key_settings(target)) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> key_settings(const SshTarget& target) {
  if (target.key_file.empty()) return {};
  return {"IdentitiesOnly=yes", "IdentityFile=" + option_path(target.key_file)};
}

void add_options(std::vector<std::string>& words, const std::vector<std::string>& options) {
  for (const auto& option : options) words.insert(words.end(), {"-o", option});
}

std::string bracketed(const std::string& host) {
  return host.contains(':') && !host.starts_with('[') ? "[" + host + "]" : host;
}

/// A path here that neither scp nor rsync takes for an option or for a host.
std::string local_path(const std::string& path) {
  const auto colon = path.find(':');
  const bool like_remote = colon != std::string::npos && colon < path.find('/');
  return path.starts_with('-') || like_remote ? "./" + path : path;
}

/// An end as scp and rsync write it.
std::string location_text(const CopyLocation& location) {
  if (!location.machine) return local_path(location.path);
  return fmt::format("{}@{}:{}", location.machine->user, bracketed(location.machine->host), location.path);
}

/// The only machine of a copy, whichever end it is; nothing if both ends are here.
const SshTarget* only_machine(const CopyLocation& source, const CopyLocation& destination) {
  if (source.machine) return &*source.machine;
  return destination.machine ? &*destination.machine : nullptr;
}

std::string host_block(const std::string& names, const SshTarget& target,
                       const std::vector<std::string>& more) {
  std::string text = fmt::format("Host {}\n  HostName {}\n  Port {}\n  User \"{}\"\n", names,
                                 replace_all(target.host, "%", "%%"), target.port, target.user);
  for (const auto& line : more) text += "  " + line + "\n";
  for (const auto& line : key_settings(target)) text += "  " + line + "\n";
  return text;
}

constexpr const char* source_name = "source";
constexpr const char* destination_name = "destination";

}  // namespace

std::string ssh_config_block(const std::string& names, const SshTarget& target) {
  return host_block(names, target, host_key_settings(target));
}

void check_key_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    throw Error(fmt::format("stat {}: {}", path, error_text(errno)),
                errno == ENOENT ? Reason::not_found : Reason::failed);
  }
  if (access(path.c_str(), R_OK) != 0 || (status.st_mode & S_IRUSR) == 0) {
    throw Error(fmt::format("'{}' is not readable", path));
  }
  const auto mode = static_cast<unsigned>(status.st_mode) & 0777U;
  if ((mode & 077U) != 0) throw Error(fmt::format("permissions 0{:03o} for '{}' are too open", mode, path));
}

std::vector<std::string> openssh_options(const SshTarget& target) {
  std::vector<std::string> words{"-F", "/dev/null"};
  add_options(words, settings(target));
  return words;
}

std::vector<std::string> ssh_arguments(const SshTarget& target, std::span<const std::string> arguments) {
  auto words = openssh_options(target);
  words.push_back(fmt::format("{}@{}", target.user, target.host));
  if (!target.key_file.empty()) {
    // -i takes any path but one with a percent sign, which it would both expand and look for as it is.
    if (target.key_file.contains('%')) {
      add_options(words, key_settings(target));
    } else {
      words.insert(words.end(), {"-o", "IdentitiesOnly=yes", "-i", target.key_file});
    }
  }
  words.insert(words.end(), {"-p", std::to_string(target.port)});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

bool needs_ssh_config(const CopyLocation& source, const CopyLocation& destination) {
  return source.machine.has_value() && destination.machine.has_value();
}

std::string ssh_config(const CopyLocation& source, const CopyLocation& destination) {
  std::string text;
  if (source.machine) text += host_block(source_name, *source.machine, settings(*source.machine));
  if (destination.machine)
    text += host_block(destination_name, *destination.machine, settings(*destination.machine));
  return text;
}

std::vector<std::string> scp_arguments(const CopyLocation& source, const CopyLocation& destination,
                                       const CopyOptions& options, const std::string& config_file) {
  const bool two_machines = needs_ssh_config(source, destination);
  std::vector<std::string> words{"-F", two_machines ? config_file : "/dev/null"};
  const auto* machine = two_machines ? nullptr : only_machine(source, destination);
  if (machine != nullptr) add_options(words, settings(*machine));
  words.emplace_back("-3");
  if (options.recursive) words.emplace_back("-r");
  if (options.quiet) words.emplace_back("-q");
  if (machine != nullptr) {
    add_options(words, {fmt::format("Port={}", machine->port)});
    add_options(words, key_settings(*machine));
  }
  words.push_back(two_machines ? fmt::format("{}:{}", source_name, source.path) : location_text(source));
  words.push_back(two_machines ? fmt::format("{}:{}", destination_name, destination.path)
                               : location_text(destination));
  return words;
}

std::vector<std::string> rsync_arguments(const CopyLocation& source, const CopyLocation& destination,
                                         const CopyOptions& options) {
  if (needs_ssh_config(source, destination)) {
    throw Error("rsync cannot copy between two machines: leave out --delta, or copy in two steps",
                Reason::usage);
  }
  std::vector<std::string> words;
  if (!options.quiet) words.emplace_back("--progress");
  if (const auto* machine = only_machine(source, destination)) {
    std::vector<std::string> shell{"ssh"};
    for (auto& word : openssh_options(*machine)) shell.push_back(std::move(word));
    add_options(shell, {fmt::format("Port={}", machine->port)});
    add_options(shell, key_settings(*machine));
    for (auto& word : shell) word = shell_quote(word);
    words.insert(words.end(), {"-e", join(shell, " ")});
  }
  if (options.recursive) words.emplace_back("-r");
  words.push_back(location_text(source));
  words.push_back(location_text(destination));
  return words;
}

std::vector<std::string> sshfs_arguments(const SshTarget& machine, const std::string& folder,
                                         const std::string& mount_point) {
  auto options = settings(machine);
  options.push_back(fmt::format("Port={}", machine.port));
  for (auto& line : key_settings(machine)) options.push_back(std::move(line));
  // A comma separates the options of a file system.
  for (auto& option : options) option = replace_all(replace_all(option, "\\", "\\\\"), ",", "\\,");
  std::vector<std::string> words{"-F", "/dev/null"};
  add_options(words, options);
  words.push_back(location_text({machine, folder}));
  words.push_back(mount_point);
  return words;
}

}  // namespace dm
