#pragma once
#include <memory>

#include "drivers/driver.h"

namespace dm {

/// How DigitalOcean is waited for.
struct DigitalOceanPace {
  Milliseconds shared = std::chrono::seconds(2);  ///< how old an answer may be that another process got
  /// How long a droplet may be missing that was just asked for, in lists and by its number.
  Milliseconds consistency = std::chrono::seconds(15);
  /// How long the call that asks for something may take, with all its repetitions and while the droplet is
  /// busy.
  Milliseconds call = std::chrono::minutes(8);
};

/// The driver "digitalocean": droplets.
DriverType& digitalocean_driver_type();
/// The same with another pace, for tests.
std::unique_ptr<DriverType> make_digitalocean_driver_type(DigitalOceanPace pace);

}  // namespace dm
