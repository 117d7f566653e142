// Another name for a machine.
#include "operations/rename.h"

#include <fmt/core.h>

#include <functional>

#include "operations/contexts.h"
#include "operations/create.h"
#include "ssh/known_hosts.h"

namespace dm {
namespace {

constexpr auto provider_limit = std::chrono::minutes(5);

/// Whether this renaming has begun, and the machine has its new name already.
bool is_under_way(const Store& store, const std::string& from, const std::string& to) {
  return !store.exists(from) && store.exists(to) && store.notes(to).former_name == from;
}

void check_names(const Store& store, const std::string& from, const std::string& to) {
  if (is_under_way(store, from, to)) return;
  (void)store.load(from);  // says in the usual words that it is not there
  if (store.exists(to))
    throw Error(fmt::format("Docker machine \"{}\" already exists", to), Reason::already_exists);
}

/// Changes what the machine's known_hosts says; nothing if there is none.
void change_known_hosts(const Store& store, const std::string& machine,
                        const std::function<std::string(const std::string&)>& change) {
  const fs::path file = store.machine_folder(machine) + "/known_hosts";
  const auto text = read_file_if_there(file);
  if (text && change(*text) != *text) write_file(file, change(*text), private_file);
}

/// The renaming as this store sees it. A crash leaves the machine whole, under one of the two names.
void move_machine(const Runtime& runtime, const std::string& from, const std::string& to, Task& task) {
  const Store& store = runtime.store;
  const OpenMachine open = open_machine(runtime, from);
  Notes notes = store.notes(from);
  if (notes.unfinished) {
    throw Error(fmt::format(
        "The creation of \"{0}\" did not finish, and what was made of it is known by this name: bring "
        "it to its end with \"docker-machine provision {0}\", or remove it",
        from));
  }
  open.driver->check_rename(task);
  // At no time it is a machine whose host key nobody knows.
  change_known_hosts(store, from, [&](const std::string& text) { return with_both_aliases(text, from, to); });
  notes.former_name = from;
  store.save_notes(from, notes);
  store.rename(from, to, task);
}

/// What others know of the machine.
void tell_others(const Runtime& runtime, const std::string& from, const std::string& to, Task& task) {
  change_known_hosts(runtime.store, to,
                     [&](const std::string& text) { return with_other_alias(text, from, to); });
  OpenMachine open = open_machine(runtime, to);
  save_machine(runtime, open, task);
  bool done = true;
  const auto attempt = [&](const char* who, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      done = false;
      task.warn(
          fmt::format("{} still knows it as \"{}\": {}. This goes on with it: docker-machine rename {} {}",
                      who, from, error.what(), from, to));
    }
  };
  attempt("The docker client", [&] { rename_access(runtime, open, from, task); });
  attempt("Its provider", [&] {
    Task driver_task = task.on(to).within(provider_limit);
    open.driver->take_name(from, driver_task);
  });
  if (!done) return;
  Notes notes = runtime.store.notes(to);
  notes.former_name.clear();
  runtime.store.save_notes(to, notes);
}

}  // namespace

void rename_machine(const Runtime& runtime, const std::string& from, const std::string& to, Task& task) {
  if (!is_machine_name(to)) {
    throw Error("Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -", Reason::usage);
  }
  const Store& store = runtime.store;
  check_names(store, from, to);
  // In one order for everybody, so that two of them never wait for each other.
  const auto first = store.lock_machine(std::min(from, to), task);
  const auto second = from == to ? std::nullopt : std::optional(store.lock_machine(std::max(from, to), task));
  check_names(store, from, to);  // it may have gone, or come, while we waited
  if (!is_under_way(store, from, to)) move_machine(runtime, from, to, task);
  tell_others(runtime, from, to, task);
}

}  // namespace dm
