// The end of a machine.
#include "operations/remove.h"

namespace dm {
namespace {

/// How long force waits for another command on the machine before it goes ahead all the same.
constexpr auto patience_of_force = std::chrono::seconds(30);

void remove_at_provider(const Runtime& runtime, const std::string& name, const Task& task) {
  const OpenMachine open = open_machine(runtime, name);
  Task driver_task = task.on(name);
  open.driver->remove(driver_task);
}

/// What may still be there, and be paid for, stays known; without a readable record there is nothing to know.
void note_remains(const Runtime& runtime, const std::string& name, const Error& failure) {
  try {
    const Machine machine = runtime.store.load(name);
    runtime.store.note_remains({.id = {},
                                .machine = name,
                                .driver_name = machine.driver_name,
                                .driver = machine.driver,
                                .why = failure.what()});
  } catch (const Error&) {
    return;
  }
}

}  // namespace

void remove_machine(const Runtime& runtime, const std::string& name, Task& task) {
  runtime.store.load(name);
  const auto lock = runtime.store.lock_machine(name, task);
  remove_at_provider(runtime, name, task);
  runtime.store.forget(name);
}

std::optional<Error> remove_machine_by_force(const Runtime& runtime, const std::string& name, Task& task) {
  if (!runtime.store.exists(name)) throw Error("Can't remove \"" + name + "\"", Reason::not_found);
  std::optional<FileLock> lock;
  try {
    lock = runtime.store.lock_machine(name, task.within(patience_of_force));
  } catch (const Error& error) {
    task.warn(error.what());
  }
  std::optional<Error> failure;
  try {
    remove_at_provider(runtime, name, task);
  } catch (const Error& error) {
    failure = error;
  }
  if (failure) note_remains(runtime, name, *failure);
  runtime.store.forget(name);
  return failure;
}

}  // namespace dm
