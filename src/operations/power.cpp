// Start, stop, restart, kill.
#include "operations/power.h"

#include <fmt/core.h>

#include "operations/provision_machine.h"

namespace dm {
namespace {

constexpr auto state_limit = std::chrono::minutes(3);

/// A state that cannot be read counts as "none of those", as in the original.
State state_now(const OpenMachine& open, Task& task) {
  try {
    return open.driver->observe(task).state;
  } catch (const Error& error) {
    task.debug(error.what());
    return State::none;
  }
}

void wait_for(const OpenMachine& open, State wanted, Task& task) {
  const Task limited = task.within(state_limit);
  for (Backoff backoff(Milliseconds(200), std::chrono::seconds(3)); state_now(open, task) != wanted;) {
    try {
      backoff.pause(limited);
    } catch (const Error&) {
      throw Error(fmt::format("Machine \"{}\" is not {} after {} minutes", open.name(), text(wanted),
                              state_limit.count()),
                  Reason::timed_out);
    }
  }
}

/// Lets the driver act, and saves what it changed in its record, also when it failed half-way.
void act(const Runtime& runtime, OpenMachine& open, Power power, Task& task) {
  Task driver_task = task.on(open.name());
  try {
    open.driver->power(power, driver_task);
  } catch (...) {
    const StopSignal never;
    save_machine(runtime, open, Task(task.clock(), task.log(), never).within(std::chrono::seconds(10)));
    throw;
  }
  save_machine(runtime, open, task);
}

/// A machine that came back may have another address; its certificate follows in wait_for_engine.
void tell_new_address(const OpenMachine& open, const std::string& before, Task& task) {
  const std::string now = open.driver->endpoint().address;
  if (now.empty() || before.empty() || now == before) return;
  task.info(fmt::format("Machine \"{}\" has a new address: {} (it was {}).", open.name(), now, before));
}

void start(const Runtime& runtime, OpenMachine& open, Task& task) {
  task.info(fmt::format("Starting \"{}\"...", open.name()));
  if (state_now(open, task) == State::running) {
    throw Error(fmt::format("Machine \"{}\" is already running.", open.name()));
  }
  const std::string before = open.driver->endpoint().address;
  act(runtime, open, Power::start, task);
  wait_for(open, State::running, task);
  save_machine(runtime, open, task);
  task.info(fmt::format("Machine \"{}\" was started.", open.name()));
  tell_new_address(open, before, task);
}

void stop(const Runtime& runtime, OpenMachine& open, Power power, Task& task) {
  const bool gently = power == Power::stop;
  task.info(fmt::format("{} \"{}\"...", gently ? "Stopping" : "Killing", open.name()));
  if (gently && state_now(open, task) == State::stopped) {
    throw Error(fmt::format("Machine \"{}\" is already stopped.", open.name()));
  }
  act(runtime, open, power, task);
  wait_for(open, State::stopped, task);
  save_machine(runtime, open, task);
  task.info(fmt::format("Machine \"{}\" was {}.", open.name(), gently ? "stopped" : "killed"));
}

void restart(const Runtime& runtime, OpenMachine& open, Task& task) {
  task.info(fmt::format("Restarting \"{}\"...", open.name()));
  if (state_now(open, task) != State::running) return start(runtime, open, task);
  const std::string before = open.driver->endpoint().address;
  act(runtime, open, Power::restart, task);
  wait_for(open, State::running, task);
  save_machine(runtime, open, task);
  tell_new_address(open, before, task);
}

}  // namespace

void start_machine(const Runtime& runtime, OpenMachine& open, Task& task) {
  start(runtime, open, task);
  if (open.type->traits().provisioned) wait_for_engine(runtime, open, task);
}

void wait_until_running(const OpenMachine& open, Task& task) { wait_for(open, State::running, task); }

void power_machine(const Runtime& runtime, const std::string& name, Power power, Task& task) {
  const auto lock = runtime.store.lock_machine(name, task);
  OpenMachine open = open_machine(runtime, name);
  switch (power) {
    case Power::stop:
    case Power::kill:
      return stop(runtime, open, power, task);
    case Power::start:
      start(runtime, open, task);
      break;
    case Power::restart:
      restart(runtime, open, task);
      break;
  }
  if (open.type->traits().provisioned) wait_for_engine(runtime, open, task);
}

}  // namespace dm
