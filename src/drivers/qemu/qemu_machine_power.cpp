// A virtual machine's life: starting, asking, stopping, removing.
#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "base/strings.h"
#include "drivers/qemu/qemu_machine.h"
#include "drivers/qemu/qemu_process.h"
#include "drivers/qemu/qmp.h"

namespace dm {
namespace {

using std::chrono::seconds;

constexpr auto shutdown_limit = seconds(57);  // within a minute, as the original's drivers
constexpr auto press_again = seconds(10);
constexpr auto first_answer_limit = seconds(90);
constexpr auto exchange_limit = seconds(5);
constexpr auto end_limit = seconds(20);  // for all of a machine's processes together

State state_of(const std::string& status) {
  if (status == "running") return State::running;
  if (status == "shutdown") return State::stopping;
  if (status == "prelaunch" || status == "inmigrate" || status == "restore-vm") return State::starting;
  if (status == "postmigrate" || status == "save-vm" || status == "finish-migrate") return State::saved;
  if (status == "guest-panicked" || status == "internal-error") return State::error;
  return State::paused;  // also when its disk ran full on this computer: "start" lets it go on
}

}  // namespace

std::string QemuMachine::obstacle_to_kvm() const {
  if (architecture() != architecture_of_computer()) return "KVM cannot run machines of another architecture";
  return kvm_obstacle();
}

QemuMachine::AcceleratorChoice QemuMachine::choose_accelerator(Task& task) {
  if (settings_.accelerator == "tcg") return {Accelerator::tcg};
  std::string obstacle = obstacle_to_kvm();
  if (settings_.accelerator == "kvm") {
    if (!obstacle.empty()) throw Error(obstacle);
    return {Accelerator::kvm};
  }
  if (obstacle.empty()) {
    const KvmVerdict verdict = trial().verdict(services_, task);
    if (verdict != KvmVerdict::broken) return {Accelerator::kvm, verdict == KvmVerdict::works};
    obstacle = "KVM does not work on this computer";
  }
  task.info(obstacle + ": using software emulation, which is slow");
  return {Accelerator::tcg};
}

VirtualMachine QemuMachine::description(Accelerator accelerator) const {
  const long long all = std::clamp(std::thread::hardware_concurrency(), 1U, 255U);
  VirtualMachine machine{
      .program = settings_.program,
      .architecture = architecture(),
      .accelerator = accelerator,
      .firmware = firmware_for(architecture()),
      .name = common_.machine_name,
      .uuid = settings_.uuid,
      .cpus = settings_.cpus < 1 ? all : settings_.cpus,
      .memory = settings_.memory,
      .address = settings_.loopback_address,
      .ssh_port = static_cast<int>(common_.ssh_port),
      .engine_port = default_engine_port,
  };
  for (const auto& text : settings_.open_ports)
    machine.open_ports.push_back(parse_open_port(open_port_flag, text));
  return machine;
}

/// Starts qemu; gives its complaint if a port of the address is taken.
std::optional<std::string> QemuMachine::try_process(Accelerator accelerator, Task& task) {
  // What the last run said is kept, and nothing older: so the logs stay bounded by two runs.
  std::error_code ignored;
  fs::rename(folder() / console_file, folder() / (std::string(console_file) + ".1"), ignored);
  Task limited = task.within(seconds(60));
  const auto arguments = command_line(description(accelerator));
  task.debug("Starting " + join(arguments, " "));
  const auto result = services_.processes.run({.arguments = arguments, .folder = folder()}, limited);
  if (result.ok()) return std::nullopt;
  const std::string complaint(trim(result.error));
  if (complaint.contains("host forwarding rule")) return complaint;
  throw Error("qemu does not start: " + complaint);
}

void QemuMachine::start_process(Accelerator accelerator, Address address, const Save& save, Task& task) {
  settings_.used_accelerator = accelerator == Accelerator::kvm ? "kvm" : "tcg";
  for (int attempt = 1;; ++attempt) {
    common_.address = settings_.loopback_address;
    save();
    const auto complaint = try_process(accelerator, task);
    if (!complaint) return;
    forget_address();
    if (address == Address::stays || attempt == 3) {
      throw Error(
          fmt::format("a port of the machine's address {} is taken by another program: end it and start the "
                      "machine again ({})",
                      settings_.loopback_address, *complaint));
    }
    reserve_address(task);
  }
}

void QemuMachine::launch(Address address, const Save& save, Task& task) {
  const AcceleratorChoice choice = choose_accelerator(task);
  task.info(fmt::format("Starting the machine at {}...", settings_.loopback_address));
  start_process(choice.accelerator, address, save, task);
  if (choice.sure) return;
  // The first machine under KVM since this computer was started: that qemu runs does not mean that the
  // machine boots.
  task.info("Waiting for the first answer under KVM...");
  if (ssh_answers(settings_.loopback_address, static_cast<int>(common_.ssh_port),
                  task.within(first_answer_limit))) {
    return trial().remember(KvmVerdict::works, services_, task);
  }
  task.check();
  task.warn("The machine does not boot with KVM on this computer: using software emulation, which is slow");
  trial().remember(KvmVerdict::broken, services_, task);
  end(task);
  start_process(Accelerator::tcg, address, save, task);
}

void QemuMachine::power(Power power, Task& task) {
  switch (power) {
    case Power::start:
      return start(task);
    case Power::stop:
      return shut_down(task);
    case Power::restart:
      return shut_down(task), start(task);
    case Power::kill:
      return end(task);
  }
}

void QemuMachine::start(Task& task) {
  if (auto qmp = Qmp::connect(folder(), task.within(exchange_limit))) {
    const Task limited = task.within(exchange_limit);
    if (state_of(text_of(qmp->execute("query-status", limited), "status")) != State::running) {
      qmp->execute("cont", limited);
    }
    common_.address = settings_.loopback_address;
    return;
  }
  if (const auto process = QemuProcess::find(folder(), settings_.uuid)) {
    if (!process->wait(exchange_limit, task))
      throw Error("the machine's qemu does not answer: use \"kill\" first");
  }
  if (!file_exists(folder() / disk_file)) {
    throw Error(fmt::format("the machine \"{}\" has no disk, since its creation failed: remove it",
                            common_.machine_name));
  }
  if (settings_.loopback_address.empty() ||
      !addresses_.reserve_again(settings_.loopback_address, folder(), task)) {
    const std::string before = settings_.loopback_address;
    reserve_address(task);
    if (!before.empty()) {
      task.warn(fmt::format("The address {} has been given to another machine; this one has {} now.", before,
                            settings_.loopback_address));
    }
  }
  launch(
      Address::stays, [] {}, task);
}

void QemuMachine::press_power_button(const Task& task) {
  auto qmp = Qmp::connect(folder(), task);
  if (!qmp) return;
  if (state_of(text_of(qmp->execute("query-status", task), "status")) == State::paused) {
    qmp->execute("cont", task);  // or else it never sees the button
  }
  qmp->execute("system_powerdown", task);
}

void QemuMachine::shut_down(Task& task) {
  const auto process = QemuProcess::find(folder(), settings_.uuid);
  if (!process) return forget_address();
  const auto end = task.clock().steady() + task.at_most(shutdown_limit);
  for (;;) {
    try {
      press_power_button(task.within(exchange_limit));
    } catch (const Error& error) {
      task.check();
      task.debug(error.what());  // a hung qemu: told below, when its time is over
    }
    const auto left = std::chrono::floor<Milliseconds>(end - task.clock().steady());
    const auto patience = std::clamp<Milliseconds>(left - seconds(1), Milliseconds(0), press_again);
    if (process->wait(patience, task)) return forget_address();
    if (patience < press_again) {
      throw Error(
          fmt::format("the machine \"{0}\" does not shut down: end it with \"docker-machine kill {0}\"",
                      common_.machine_name),
          Reason::timed_out);
    }
  }
}

void QemuMachine::end(Task& task) {
  if (QemuProcess::find_anywhere(settings_.uuid)) {
    end_processes(quit(task) ? exchange_limit : Milliseconds(0), task);
  }
  forget_address();
}

/// Asks qemu to end: so it still writes to the disk what the machine has written. False if it does not hear.
bool QemuMachine::quit(Task& task) {
  try {
    auto qmp = Qmp::connect(folder(), task.within(exchange_limit));
    if (qmp) qmp->execute("quit", task.within(exchange_limit));
    return qmp.has_value();
  } catch (const Error& error) {
    task.check();
    task.debug(error.what());
    return false;
  }
}

/// Ends every process of the machine; one that does not end by itself within `patience` is killed.
void QemuMachine::end_processes(Milliseconds patience, Task& task) {
  const auto end = task.clock().steady() + end_limit;
  // While qemu starts there are two: the one that was called, and the one that stays.
  while (const auto process = QemuProcess::find_anywhere(settings_.uuid)) {
    if (process->wait(patience, task)) continue;
    process->kill();
    if (!process->wait(exchange_limit, task) || task.clock().steady() >= end) {
      throw Error("the machine's qemu does not end: end it by hand, and try again", Reason::timed_out);
    }
  }
}

void QemuMachine::remove(Task& task) {
  end_processes(Milliseconds(0), task);
  for (const char* name :
       {disk_file, seed_file, console_file, "console.log.1", Qmp::socket_name, QemuProcess::file_name}) {
    dm::remove_all(folder() / name);
  }
  addresses_.release(folder(), task);
  settings_.loopback_address.clear();
  forget_address();
}

void QemuMachine::check_rename(Task&) {
  if (!QemuProcess::find_anywhere(settings_.uuid)) return;
  throw Error(
      fmt::format("the virtual machine \"{0}\" runs, and uses its files under this name: stop it first, with "
                  "\"docker-machine stop {0}\"",
                  common_.machine_name));
}

/// Its address is reserved for the machine in a folder, which has moved.
void QemuMachine::take_name(const std::string& /*former*/, Task& task) {
  if (!settings_.loopback_address.empty())
    (void)addresses_.reserve_again(settings_.loopback_address, folder(), task);
}

Observation QemuMachine::observe(Task& task) {
  State state = State::stopped;
  if (const auto status =
          in_context("the machine's qemu does not answer", [&] { return ask_status(task); })) {
    state = *status;
    common_.address = settings_.loopback_address;
  } else if (QemuProcess::find(folder(), settings_.uuid)) {
    state = State::starting;
  } else {
    if (!file_exists(folder() / disk_file)) state = State::error;
    forget_address();
  }
  return {state, endpoint()};
}

/// What the running qemu says of its machine; nothing if none runs.
std::optional<State> QemuMachine::ask_status(Task& task) {
  const Task limited = task.within(exchange_limit);
  auto qmp = Qmp::connect(folder(), limited);
  if (!qmp) return std::nullopt;
  return state_of(text_of(qmp->execute("query-status", limited), "status"));
}

}  // namespace dm
