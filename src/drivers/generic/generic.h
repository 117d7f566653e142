#pragma once
#include "drivers/driver.h"

namespace dm {

/// "generic": any host that can be reached over SSH and runs already.
DriverType& generic_driver_type();

}  // namespace dm
