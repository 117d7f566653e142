#pragma once
#include "drivers/digitalocean/api.h"
#include "drivers/digitalocean/settings.h"

namespace dm {

/// Holds region, image and size against what DigitalOcean offers now, and chooses image and size where they
/// are empty: the newest Ubuntu LTS, and the cheapest size with 1 GB of memory. Error in words that say what
/// there is instead.
void settle_offer(DigitalOceanApi& api, DigitalOceanSettings& settings, Task& task);

}  // namespace dm
