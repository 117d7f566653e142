#pragma once
#include <span>
#include <string>
#include <vector>

#include "provision/facts.h"

namespace dm {

struct Provisioning;

/// How a family of distributions installs packages: shell commands; the packages' names are appended.
struct PackageManager {
  std::string functions;  ///< shell functions that the commands below use; among them `owner_of FILE`, which
                          ///< prints the package that FILE belongs to, `versions_of PACKAGE`, which prints
                          ///< the versions that can be had, the newest first, and `spec_of PACKAGE VERSION`
  std::string refresh;    ///< brings the list of packages up to date
  std::string install;
  std::string install_version;  ///< what spec_of prints, also if a newer version is there
  std::string upgrade;
  std::string remove;
  std::string knows;   ///< succeeds if there is such a package
  std::string busy;    ///< what its output says (a pattern for grep -E) while another one is at work
  std::string broken;  ///< what its output says when something is amiss that can be mended, "" for nothing,
  std::string repair;  ///< and what mends that
};

extern const PackageManager apt, rpm, pacman, zypper, apk;

/// How a family of distributions runs services: shell commands for the service "docker".
struct ServiceManager {
  std::string name;         ///< as in MachineFacts::service_manager
  std::string restart;      ///< starts it, running or not, with what its files say now
  std::string enable;       ///< at every boot
  std::string has_failed;   ///< succeeds if it has given up
  std::string journal;      ///< prints the last 20 lines of what it said
  std::string check_files;  ///< a script: fails if another file overrides our $options_file
};

extern const ServiceManager systemd, openrc, upstart, boot2docker_init, system_docker;

/// Where things lie on a machine.
struct EnginePaths {
  std::string certificates;  ///< folder of ca.pem, server.pem and server-key.pem
  std::string options;       ///< the file that gives the engine its options
};

/// One step of provisioning: does its work at once, or adds to the script that is sent with those of other
/// steps.
struct Step {
  std::string name;
  void (*run)(Provisioning&);
};

/// Who gives a bare machine its engine, unless the user names a script.
enum class EngineSource {
  install_script,  ///< get.docker.com; if it is out of reach, the distribution's packages
  packages,        ///< the distribution's packages: get.docker.com refuses this distribution
  image            ///< the image that the machine was made of: nothing can be installed
};

/// One row of the table: how to recognise a distribution, and what it needs.
struct Distribution {
  std::string name;              ///< as `create` prints it
  std::vector<std::string> ids;  ///< values of ID, and words of ID_LIKE, that lead here
  bool (*fits)(
      const OsRelease&);  ///< a further condition, for a special case that goes before the rule; null: none
  EngineSource source;
  const PackageManager* packages;  ///< null if nothing can be installed
  const ServiceManager* services;
  EnginePaths paths;
  std::string prepare_packages;              ///< a script to run before the engine's packages are installed
  std::vector<std::string> engine_packages;  ///< the engine's comes first
  std::vector<std::string> engine_packages_if_known;  ///< further ones that only some of its releases have
  std::vector<std::string> fetch_packages;            ///< what gives the command curl
  std::string storage_driver;  ///< where nobody and nothing else decides; "": the engine
  std::vector<Step> steps;
};

/// All rows, in the order in which they are tried.
std::span<const Distribution> distributions();

/// The row for a release: by its ID, else by the first word of ID_LIKE that leads to one; null if there is
/// none.
const Distribution* find_distribution(const OsRelease& release);

}  // namespace dm
