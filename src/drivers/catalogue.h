#pragma once
#include <span>
#include <string>

#include "drivers/driver.h"

namespace dm {

/// All built-in drivers, sorted by name.
std::span<DriverType* const> built_in_drivers();
/// The driver of that name; Error(not_found) in the original's words if there is none.
DriverType& driver_named(const std::string& name);
/// What `create` uses when nobody names a driver.
inline constexpr auto default_driver = "qemu";

}  // namespace dm
