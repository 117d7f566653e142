// The end of a machine.
#include "operations/remove.h"

#include <fmt/core.h>

#include "operations/contexts.h"
#include "operations/foreign_authority.h"

namespace dm {
namespace {

/// How long force waits for another command on the machine before it goes ahead all the same.
constexpr auto patience_of_force = std::chrono::seconds(30);

void remove_at_provider(const Runtime& runtime, const std::string& name, const Task& task) {
  const OpenMachine open = open_machine(runtime, name);
  Task driver_task = task.on(name);
  open.driver->remove(driver_task);
}

/// Whose authority a machine has, if its file can be read.
std::optional<AuthOptions> auth_of(const Store& store, const std::string& name) {
  try {
    return store.load(name).auth;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Forgets the machine, and whatever served it alone on this computer.
void forget(const Runtime& runtime, const std::string& name, Locks locks, Task& task) {
  const auto auth = auth_of(runtime.store, name);
  runtime.store.forget(name, locks);
  withdraw_access(runtime, name, task);
  if (!auth) return;
  try {
    const auto lock = runtime.store.lock_certificates(task);
    forget_unused_authority(runtime.store, *auth);
  } catch (const Error& error) {
    task.warn(error.what());
  }
}

}  // namespace

void remove_machine(const Runtime& runtime, const std::string& name, Task& task) {
  runtime.store.load(name);
  const auto lock = runtime.store.lock_machine(name, task);
  remove_at_provider(runtime, name, task);
  forget(runtime, name, Locks::go, task);
}

void note_remains(const Runtime& runtime, const std::string& name, const std::string& why, Task& task) {
  Remains remains{.id = {}, .machine = name, .driver_name = {}, .driver = Json::object(), .why = why};
  try {
    const Machine machine = runtime.store.load(name);
    remains.driver_name = machine.driver_name;
    remains.driver = machine.driver;
  } catch (const Error&) {
    // Nothing could be removed by it; but a person may still read what it says.
    remains.driver["Unreadable"] = runtime.store.raw_config(name).value_or("");
  }
  try {
    runtime.store.note_remains(remains);
  } catch (const Error& error) {
    task.warn(fmt::format("What may be left of \"{}\" could not be noted: {}", name, error.what()));
  }
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
  if (failure) {
    note_remains(runtime, name, failure->what(), task);
  } else if (!lock) {
    note_remains(runtime, name, "removed while another docker-machine was working on it", task);
  }
  forget(runtime, name, lock ? Locks::go : Locks::stay, task);
  return failure;
}

}  // namespace dm
