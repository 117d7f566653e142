#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/endpoint.h"

namespace dm {

// Argument lists for the user's own ssh, scp and rsync, program name not included. All of them use the
// machine's own known_hosts: while it has no key of the machine the first one is accepted and kept,
// afterwards no other.

/// Error "stat PATH: no such file or directory", "'PATH' is not readable" or "permissions 0644 for 'PATH' are
/// too open", which OpenSSH would refuse in less clear words.
void check_key_file(const std::string& path);

/// The options that every connection to a machine gets, without user, host, port and key.
std::vector<std::string> openssh_options(const SshTarget& target);

/// For `ssh`: options, "USER@HOST", key and port, then the user's arguments, which may be options of ssh as
/// well.
std::vector<std::string> ssh_arguments(const SshTarget& target, std::span<const std::string> arguments);

/// A block for the user's own ssh_config(5), under `names` (separated by blanks): what it takes to log in,
/// and no more.
std::string ssh_config_block(const std::string& names, const SshTarget& target);

/// One end of a copy: a path on this computer, or on a machine.
struct CopyLocation {
  std::optional<SshTarget> machine;
  std::string path;
};

/// What `docker-machine scp` was asked for.
struct CopyOptions {
  bool recursive = false;
  bool quiet = false;
};

/// Whether a copy is between two machines. One command line has room for one machine's port and key only, so
/// such a copy needs ssh_config() of both in a file.
bool needs_ssh_config(const CopyLocation& source, const CopyLocation& destination);

/// The text of an ssh_config(5) file with a block for each end, under names that scp_arguments() uses.
std::string ssh_config(const CopyLocation& source, const CopyLocation& destination);

/// For `scp`. `config_file` holds ssh_config() of both ends if needs_ssh_config(), and is unused otherwise.
std::vector<std::string> scp_arguments(const CopyLocation& source, const CopyLocation& destination,
                                       const CopyOptions& options, const std::string& config_file);

/// For `rsync`, which copies between this computer and one machine; Error(usage) for two machines.
std::vector<std::string> rsync_arguments(const CopyLocation& source, const CopyLocation& destination,
                                         const CopyOptions& options);

/// For `sshfs`: shows a machine's folder at the mount point.
std::vector<std::string> sshfs_arguments(const SshTarget& machine, const std::string& folder,
                                         const std::string& mount_point);

}  // namespace dm
