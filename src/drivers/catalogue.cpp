// The table of built-in drivers: one row each.
#include "drivers/catalogue.h"

#include <fmt/core.h>

#include <array>

#include "drivers/amazonec2/amazonec2.h"
#include "drivers/digitalocean/digitalocean.h"
#include "drivers/generic/generic.h"
#include "drivers/none/none.h"
#include "drivers/qemu/qemu.h"

namespace dm {

std::span<DriverType* const> built_in_drivers() {
  static const std::array<DriverType*, 5> rows{&amazonec2_driver_type(), &digitalocean_driver_type(),
                                               &generic_driver_type(), &none_driver_type(),
                                               &qemu_driver_type()};
  return rows;
}

DriverType& driver_named(const std::string& name) {
  for (DriverType* type : built_in_drivers()) {
    if (type->name() == name) return *type;
  }
  throw Error(
      fmt::format("Driver \"{0}\" not found. Do you have the plugin binary \"docker-machine-driver-{0}\" "
                  "accessible in your PATH?",
                  name),
      Reason::not_found);
}

}  // namespace dm
