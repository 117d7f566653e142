#pragma once
#include <span>
#include <vector>

#include "drivers/digitalocean/droplet.h"

namespace dm {

/// What became of many droplets of one account: a call for every 200, and some more for those that their
/// store's tag does not lead to. Outcomes in the order of the machines.
std::vector<Surveyed> survey_droplets(std::span<DropletMachine* const> machines, const Services& services,
                                      Task& task);
/// All that carries the store's tag, or its name, in the account of the settings.
std::vector<Possession> digitalocean_possessions(const DigitalOceanSettings& settings,
                                                 const std::string& store_id, const Services& services,
                                                 Task& task);
/// Removes one of these; removing what is gone succeeds.
void dispose_at_digitalocean(const DigitalOceanSettings& settings, const Possession& possession,
                             const Services& services, Task& task);

}  // namespace dm
