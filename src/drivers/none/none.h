#pragma once
#include "drivers/driver.h"

namespace dm {

/// "none": a name for an engine that somebody else looks after; only its URL is kept.
DriverType& none_driver_type();

}  // namespace dm
