#pragma once
#include <optional>
#include <string>

namespace dm {

// How what we make at DigitalOcean shows whose it is. Names of tags may have letters, digits and ":-_", and
// differ by more than case; names of firewalls may have letters, digits and "-.".

/// Hexadecimal digits of a machine's id.
inline constexpr int id_digits = 16;
/// What every droplet carries whose reserved IP we made: such an address cannot be tagged itself.
inline constexpr const char* reserved_ip_tag = "docker-machine-reserved-ip";

/// The tag of all droplets of a store.
std::string store_tag(const std::string& store_id);
/// The name of one machine's SSH key.
std::string machine_mark(const std::string& store_id, const std::string& machine);
/// The tag of one machine's droplet. Another machine that gets the same name later has another `id`; empty: a
/// machine that has none.
std::string machine_tag(const std::string& store_id, const std::string& machine, const std::string& id);
/// The machine whose tag or mark this is, if it is one of the store.
std::optional<std::string> machine_of_tag(const std::string& store_id, const std::string& tag);
/// The name of one machine's firewall, in the same way.
std::string firewall_name(const std::string& store_id, const std::string& machine, const std::string& id);
/// The machine whose firewall has this name, if it is one of the store.
std::optional<std::string> machine_of_firewall(const std::string& store_id, const std::string& name);

}  // namespace dm
