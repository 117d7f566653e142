#pragma once
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// The name of a machine in blocks for OpenSSH that no other host is likely to have: "NAME.docker-machine".
std::string ssh_host_name(const std::string& machine);

/// Blocks for ssh_config(5), one for each machine whose SSH is known; each has the machine's name and
/// ssh_host_name(). What is not known yet, or cannot be loaded, is left out.
std::string ssh_config_of(const Runtime& runtime, const std::vector<std::string>& names);

/// Writes the blocks of all machines to STORE/ssh_config, and has the user's own ~/.ssh/config include that
/// file. Gives the path of STORE/ssh_config. Nothing else in the user's file changes.
std::string install_ssh_config(const Runtime& runtime, const Task& task);

/// Writes STORE/ssh_config anew if it is installed. To be called when a machine, or its address, is new or
/// gone.
void refresh_ssh_config(const Runtime& runtime, const Task& task);

/// The docker client's URL for an engine reached over SSH: "ssh://…". Error if the docker client's ssh would
/// not find the machine's key, with what to do.
std::string docker_ssh_url(const Runtime& runtime, const OpenMachine& open, Task& task);

}  // namespace dm
