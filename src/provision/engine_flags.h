#pragma once
#include <optional>
#include <string>
#include <vector>

#include "provision/facts.h"
#include "provision/provision.h"

namespace dm {

/// The storage driver to name on the engine's command line, or nothing: then the engine decides.
std::optional<std::string> choose_storage_driver(const std::string& wanted, const MachineFacts& facts,
                                                 const std::string& usual);

/// The engine's command line: its program, then its options in docker-machine's order, word by word. What the
/// machine's own daemon.json says already is left out, since the engine refuses to start when both say
/// something; Error that names the key and the file if they say different things. `usual` is the
/// distribution's storage driver, `certificates` the folder of the TLS files. Warns of the label that cannot
/// be set.
std::vector<std::string> engine_command(const ProvisionRequest& request, const MachineFacts& facts,
                                        const std::string& usual, const std::string& certificates,
                                        Task& task);

}  // namespace dm
