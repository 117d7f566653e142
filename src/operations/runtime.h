#pragma once
#include <functional>
#include <memory>
#include <string>

#include "drivers/catalogue.h"
#include "drivers/driver.h"
#include "model/machine.h"
#include "store/store.h"

namespace dm {

/// What every operation works with; outlives them. Thread-safe.
struct Runtime {
  const Store& store;
  const Services& services;
  /// Gives the kind of driver with a name; Error(not_found) if it is not here.
  std::function<DriverType&(const std::string&)> driver_type = driver_named;
  /// The user's name, for certificates.
  std::string user() const { return services.environment.variable_or("USER", "unknown"); }
};

/// A machine with the driver that drives it.
struct OpenMachine {
  Machine machine;
  DriverType* type = nullptr;
  std::unique_ptr<Driver> driver;

  const std::string& name() const { return machine.name; }
};

/// Loads a machine and its driver; Error if the machine or the driver is not there, or its file cannot be
/// used.
OpenMachine open_machine(const Runtime& runtime, const std::string& name);
/// Saves it with the driver's record as it is now.
void save_machine(const Runtime& runtime, OpenMachine& open, const Task& task);
/// Where it can be reached, as far as the record says; Error "Host is not running" if it has no address now.
Endpoint known_endpoint(const OpenMachine& open);
/// The files that prove us to the machine's engine, and it to us.
TlsFiles tls_files(const Machine& machine);

}  // namespace dm
