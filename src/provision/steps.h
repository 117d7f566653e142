#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "provision/distribution.h"
#include "provision/provision.h"

namespace dm {

/// A provisioning under way: what its steps share.
struct Provisioning {
  RemoteHost& host;
  MachineFacts facts;  ///< asked for again after what may change them
  const Distribution& distribution;
  const ProvisionRequest& request;
  Task& task;
  Script script;  ///< what waits to be sent

  /// Sends what waits.
  void send();
  /// Sends what waits, and looks at the machine anew.
  void look_again();
};

/// Where the install script is, by what the user gave: without one pair of quotes around it (such values
/// exist in the wild, and worked); nothing for "" and "none", which mean the distribution's own engine.
std::optional<std::string> install_script_url(const std::string& given);

/// The part of a script that upgrades an engine by the packages that its programs belong to: to `version`, or
/// to the newest one if that is "".
ScriptPart upgrade_part(const MachineFacts& facts, const std::string& version);

/// Error, with what helps, if we have no root's rights on the machine, or its service manager does not run.
void check_rights(const MachineFacts& facts);
void check_service_manager(const MachineFacts& facts);

/// The name that the machine gets from its own: at most 63 characters, since the kernel and certificates know
/// no longer ones.
std::string hostname_for(const std::string& machine_name);

/// The part of a script that waits until the engine listens on the port.
ScriptPart listening_part(const ServiceManager& services, int port, std::chrono::seconds limit);

/// The part of a script that stages the three TLS files for a folder of the machine.
ScriptPart certificates_part(const std::string& folder, const EngineCertificates& certificates);

/// The parts of a script that restart the engine and wait until it listens.
std::vector<ScriptPart> restart_parts(const ServiceManager& services, int port);

// The steps.

/// Lets cloud-init finish, which may install packages and set the hostname itself.
void wait_for_cloud_init(Provisioning& work);
/// The machine's name in the kernel, /etc/hostname and /etc/hosts. Where that is not allowed (containers): a
/// warning.
void set_hostname(Provisioning& work);
/// An engine, if there is none: by the install script, or as the distribution's own package.
void install_engine(Provisioning& work);
/// The three TLS files, beside their old versions.
void write_certificates(Provisioning& work);
/// The same where /etc is made anew at each boot.
void set_boot2docker_hostname(Provisioning& work);
void set_rancheros_hostname(Provisioning& work);
/// The systemd drop-in, beside its old version; then all new files replace the old ones.
void write_systemd_options(Provisioning& work);
/// The same as a shell fragment that sets DOCKER_OPTS and exports variables (upstart, OpenRC, RancherOS).
void write_shell_options(Provisioning& work);
/// The same as boot2docker's profile.
void write_boot2docker_options(Provisioning& work);
/// Restarts the engine, waits until it listens, and has it started at every boot.
void restart_engine(Provisioning& work);

}  // namespace dm
