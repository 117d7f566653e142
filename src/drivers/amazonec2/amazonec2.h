#pragma once
#include <memory>

#include "drivers/driver.h"

namespace dm {

/// The driver "amazonec2": instances of Amazon's EC2, or of what talks like it.
DriverType& amazonec2_driver_type();
/// One that shares no credentials with others, for tests.
std::unique_ptr<DriverType> make_amazonec2_driver_type();

}  // namespace dm
