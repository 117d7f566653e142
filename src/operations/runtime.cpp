// Opening and saving machines.
#include "operations/runtime.h"

namespace dm {

OpenMachine open_machine(const Runtime& runtime, const std::string& name) {
  OpenMachine open;
  open.machine = runtime.store.load(name);
  open.type = &runtime.driver_type(open.machine.driver_name);
  open.driver = open.type->open(open.machine.driver, runtime.services);
  return open;
}

void save_machine(const Runtime& runtime, OpenMachine& open, const Task& task) {
  open.machine.driver = open.driver->record();
  runtime.store.save(open.machine, task);
}

Endpoint known_endpoint(const OpenMachine& open) {
  Endpoint endpoint = open.driver->endpoint();
  if (endpoint.docker_url.empty()) throw Error("Host is not running");
  return endpoint;
}

TlsFiles tls_files(const Machine& machine) {
  return {.ca = machine.auth.ca_cert_path,
          .certificate = machine.auth.client_cert_path,
          .key = machine.auth.client_key_path};
}

}  // namespace dm
