// The end of a machine.
#include "operations/remove.h"

namespace dm {

void remove_machine(const Runtime& runtime, const std::string& name, Task& task) {
  runtime.store.load(name);
  const auto lock = runtime.store.lock_machine(name, task);
  OpenMachine open = open_machine(runtime, name);
  Task driver_task = task.on(name);
  open.driver->remove(driver_task);
  runtime.store.forget(name);
}

void forget_machine(const Runtime& runtime, const std::string& name) {
  if (!runtime.store.exists(name)) throw Error("Can't remove \"" + name + "\"", Reason::not_found);
  runtime.store.forget(name);
}

}  // namespace dm
