#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "provision/remote_shell.h"

namespace dm {

/// How full one file system is.
struct DiskUse {
  std::string path;        ///< a folder on it
  int bytes_percent = -1;  ///< -1: it does not say
  int inodes_percent = -1;
  long long free_kilobytes = 0;
};

/// How a machine is doing, as it says itself.
struct Health {
  Privilege privilege = Privilege::none;
  std::chrono::system_clock::time_point time;  ///< by its clock, in seconds
  bool clock_is_synchronized = false;          ///< it gets the time from somewhere
  std::vector<DiskUse> disks;                  ///< of / and /var/lib/docker; one if they are the same
  std::string engine_state;        ///< "active", "failed", "inactive", …; "" if it cannot be said
  std::string engine_at_boot;      ///< "enabled", "disabled", "masked", …; "" if it cannot be said
  std::string journal;             ///< the end of the engine's, where it does not run
  bool engine_listens = false;     ///< on its port
  int containers = 0;              ///< that run
  std::string server_certificate;  ///< PEM, that the engine's file has; "" if unknown
};

/// The one command that finds all this out, in a fraction of a second; it changes nothing.
RemoteCommand health_command(int engine_port);
/// Reads that command's output; Error if it is none.
Health parse_health(const std::string& output);

}  // namespace dm
