#pragma once
#include "drivers/digitalocean/settings.h"
#include "drivers/driver.h"

namespace dm {

/// The flags that name a droplet which exists, without dashes.
inline constexpr const char *droplet_id_flag = "digitalocean-droplet-id",
                            *droplet_name_flag = "digitalocean-droplet-name";

/// Which droplet is meant; both empty: nobody knows.
struct DropletWanted {
  std::string id, name;
};

/// The machine that a droplet becomes, by DigitalOcean's description of it; `common` and `settings` are as
/// the flags say. Of one that docker-machine made, also of another store, what it made for it is found again.
/// Error that lists the droplets if none is named, or several have the name, and if it is switched off.
Existing existing_droplet(const DropletWanted& wanted, CommonSettings common, DigitalOceanSettings settings,
                          const Services& services, Task& task);

/// The texts of a droplet's tags.
std::vector<std::string> tags_of(const Json& droplet);

}  // namespace dm
