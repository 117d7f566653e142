#pragma once
#include <optional>
#include <string>
#include <vector>

#include "provision/remote_shell.h"

namespace dm {

/// What /etc/os-release says, as far as it matters.
struct OsRelease {
  std::string id, id_like, version_id, variant_id, pretty_name;
};

/// Reads os-release(5); lines that are none are passed over.
OsRelease parse_os_release(const std::string& text);

/// A distribution that we know how to provision; rows of one table.
struct Distribution;

/// Whether cloud-init may still change the machine under our hands.
enum class CloudInit { absent, running, done };

/// What was found on a machine before anything is changed there.
struct MachineFacts {
  OsRelease os_release;
  const Distribution* distribution = nullptr;
  Privilege privilege = Privilege::none;
  std::string user;             ///< whom we are logged in as
  std::string sudo_answer;      ///< what sudo said, if it refused
  std::string service_manager;  ///< as in ServiceManager::name; "" for one that we do not know
  CloudInit cloud_init = CloudInit::absent;
  std::string engine_program;   ///< path of dockerd; "" if there is none
  std::string engine_version;   ///< as its program says, e.g. "20.10.24+dfsg1"; "" if unknown
  bool engine_service = false;  ///< there is a service named docker
  bool engine_is_snap = false;
  bool engine_running = false;
  std::string storage_driver;            ///< of the running engine
  bool containerd_images = false;        ///< the running engine keeps its images in containerd's store
  std::vector<std::string> stored_with;  ///< storage drivers that have left images in /var/lib/docker
  std::string file_system;  ///< kind of file system that /var/lib/docker is on, as stat(1) names it
  std::string engine_file;  ///< the content of /etc/docker/daemon.json; "" if there is none

  bool engine_there() const { return !engine_program.empty() && engine_service; }
};

/// How a script names its rights: "root", "sudo", "refused", or anything else for none.
Privilege privilege_named(const std::string& name);

/// The one command that finds all this out. It changes nothing and may be repeated.
RemoteCommand facts_command();
/// Reads that command's output; Error if it is none. The distribution stays open.
MachineFacts parse_facts(const std::string& output);

}  // namespace dm
