// From nothing to an engine that answers.
#include "operations/create.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "operations/certificates.h"
#include "operations/contexts.h"
#include "operations/power.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

constexpr auto clean_up_limit = std::chrono::seconds(10);
constexpr auto removal_limit = std::chrono::minutes(5);

void check_driver(const OpenMachine& open, Task& task) {
  task.info("Running pre-create checks...");
  try {
    Task driver_task = task.on(open.name());
    open.driver->check(driver_task);
  } catch (const Error& error) {
    throw Error(fmt::format("Error with pre-create check: {}", go_quote(error.what())), Reason::check_failed);
  }
}

void save_first(const Runtime& runtime, const Machine& machine, const std::string& engine_version) {
  try {
    runtime.store.add(machine, {.unfinished = true, .engine_version = engine_version});
  } catch (const Error& error) {
    // Another process was quicker: that is told as it is when the name was taken from the start.
    if (error.reason() == Reason::already_exists) throw;
    throw error.within("Error saving host to store before attempting creation");
  }
}

void make(const Runtime& runtime, const CreateRequest& request, OpenMachine& open, Task& task) {
  const auto save = [&] { save_machine(runtime, open, task); };
  task.info("Creating machine...");
  in_context("Error in driver during machine creation", [&] {
    Task driver_task = task.on(open.name());
    open.driver->create(save, driver_task);
  });
  save();
  if (!open.type->traits().provisioned) {
    runtime.store.save_notes(open.name(), {.engine_version = request.engine.version});
    return introduce(runtime, open, task);
  }
  task.info("Waiting for machine to be running, this may take a few minutes...");
  if (open.type->traits().started) {
    in_context("Error waiting for machine to be running", [&] { wait_until_running(open, task); });
  }
  save();
  task.info("Detecting operating system of created instance...");
  provision_machine(runtime, open, task);
  task.info("Docker is up and running!");
}

/// Leaves behind why it ended, for `ls`.
void note_failure(const Runtime& runtime, OpenMachine& open, const std::string& why, const Task& task) {
  try {
    save_machine(runtime, open, task.within(clean_up_limit));
    Notes notes = runtime.store.notes(open.name());
    notes.unfinished = true;
    notes.failure = why;
    runtime.store.save_notes(open.name(), notes);
  } catch (const Error& error) {
    task.debug(error.what());
  }
}

void remove_again(const Runtime& runtime, OpenMachine& open, Task& task) {
  task.warn("Removing what was made...");
  // Whoever forgot it meanwhile, by force, could not know what was being made.
  const bool is_here = runtime.store.exists(open.name());
  Task driver_task = task.on(open.name()).within(removal_limit);
  try {
    open.driver->remove(driver_task);
    if (!is_here) return;
    runtime.store.forget(open.name(), Locks::go);
    withdraw_access(runtime, open.name(), task);
  } catch (const Error& error) {
    if (!is_here) {
      runtime.store.note_remains({.id = {},
                                  .machine = open.name(),
                                  .driver_name = open.type->name(),
                                  .driver = open.driver->record(),
                                  .why = error.what()});
    }
    task.warn(fmt::format("Cannot remove it: {}. Try \"docker-machine {}\"", error.what(),
                          is_here ? "rm " + open.name() : "orphans --remove"));
  }
}

/// A deadline and a stop of its own, since the task's may have passed or come.
void clean_up(const Runtime& runtime, OpenMachine& open, OnFailure on_failure, const std::string& why,
              const Task& task) {
  const StopSignal never;
  Task last(task.clock(), task.log(), never);
  note_failure(runtime, open, why, last);
  if (on_failure == OnFailure::remove || !runtime.store.exists(open.name()))
    remove_again(runtime, open, last);
}

}  // namespace

bool is_machine_name(const std::string& name) {
  const auto is_plain = [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; };
  return !name.empty() && is_plain(name[0]) && std::ranges::all_of(name, [&](char letter) {
    return is_plain(letter) || letter == '-' || letter == '.';
  });
}

void create_machine(const Runtime& runtime, const CreateRequest& request, Task& task) {
  in_context("Error generating certificates",
             [&] { ensure_client_certificates(runtime, request.auth, task); });

  OpenMachine open;
  open.type = request.type;
  open.machine = {.name = request.name,
                  .driver_name = request.type->name(),
                  .driver = request.record,
                  .engine = request.engine,
                  .swarm = request.swarm,
                  .auth = request.auth,
                  .document = Json()};
  open.driver = request.type->open(request.record, runtime.services);
  check_driver(open, task);

  const auto lock = runtime.store.lock_machine(request.name, task);
  save_first(runtime, open.machine, request.engine.version);
  try {
    in_context("Error creating machine", [&] { make(runtime, request, open, task); });
  } catch (const Error& error) {
    clean_up(runtime, open, request.on_failure, error.what(), task);
    throw;
  } catch (const Cancelled&) {
    clean_up(runtime, open, request.on_failure, "cancelled", task);
    throw;
  }
}

}  // namespace dm
