#pragma once
#include <memory>
#include <string>

#include "drivers/driver.h"
#include "drivers/qemu/loopback.h"

namespace dm {

/// The driver "qemu": virtual machines on this computer, which need no root. Each has an address of its own
/// on loopback, where its SSH, its engine and the ports that it publishes appear.
DriverType& qemu_driver_type();
/// The same with another folder for the computer's addresses, for tests.
std::unique_ptr<DriverType> make_qemu_driver_type(LoopbackAddresses addresses);

}  // namespace dm
