#pragma once
#include <optional>
#include <string>

namespace dm {

// How what we make at DigitalOcean shows whose it is. Names of tags may have letters, digits and ":-_", and
// differ by more than case; names of firewalls may have letters, digits and "-.".

/// What every droplet carries whose reserved IP we made: such an address cannot be tagged itself.
inline constexpr const char* reserved_ip_tag = "docker-machine-reserved-ip";

/// The tag of all droplets of a store.
std::string store_tag(const std::string& store_id);
/// The tag of one machine's droplet, and the name of its SSH key.
std::string machine_tag(const std::string& store_id, const std::string& machine);
/// The machine whose tag this is, if it is one of the store.
std::optional<std::string> machine_of_tag(const std::string& store_id, const std::string& tag);
/// The name of one machine's firewall.
std::string firewall_name(const std::string& store_id, const std::string& machine);
/// The machine whose firewall has this name, if it is one of the store.
std::optional<std::string> machine_of_firewall(const std::string& store_id, const std::string& name);

}  // namespace dm
