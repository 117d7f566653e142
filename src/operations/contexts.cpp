// Contexts of the docker client, kept in step with machines.
#include "operations/contexts.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "operations/ssh_access.h"

namespace dm {
namespace {

constexpr auto docker_limit = std::chrono::seconds(30), lock_limit = std::chrono::seconds(30);

std::string register_path(const Runtime& runtime) { return runtime.store.path() + "/contexts.json"; }

Json read_register(const Runtime& runtime) {
  const auto text = read_file_if_there(register_path(runtime));
  Json document = text ? in_context("contexts.json", [&] { return parse_json(*text); }) : Json::object();
  if (!document.is_object()) document = Json::object();
  return document;
}

/// Changes contexts.json; one process at a time.
void change_register(const Runtime& runtime, const Task& task, const std::function<void(Json&)>& change) {
  const auto lock =
      FileLock::acquire(fs::path(runtime.store.path()) / "locks/contexts.lock", task.within(lock_limit));
  Json document = read_register(runtime);
  const Json before = document;
  change(document);
  if (document != before) write_file(register_path(runtime), go_json(document, 4), private_file);
}

std::string word_of(Transport transport) { return transport == Transport::ssh ? "ssh" : "tls"; }
Transport transport_of(const std::string& word) { return word == "ssh" ? Transport::ssh : Transport::tls; }

/// What the register holds of a machine, null if nothing.
Json entry_of(const Json& document, const std::string& machine) {
  return document.value("Machines", Json::object()).value(machine, Json());
}

DockerContext context_of(const std::string& machine, const Json& entry) {
  return {.machine = machine,
          .name = text_of(entry, "Name"),
          .transport = transport_of(text_of(entry, "Transport"))};
}

CommandResult docker(const Runtime& runtime, std::vector<std::string> words, Task& task) {
  words.insert(words.begin(), {"docker", "context"});
  Task limited = task.within(docker_limit);
  try {
    return runtime.services.processes.run({.arguments = std::move(words)}, limited);
  } catch (const Error& error) {
    if (error.reason() != Reason::not_found) throw;
    throw Error("Contexts belong to the docker client: install it, so that \"docker\" is in your PATH",
                Reason::not_found);
  }
}

void must_succeed(const CommandResult& result) {
  if (!result.ok()) throw Error(std::string(trim(result.error.empty() ? result.output : result.error)));
}

/// By which our contexts are told from the user's own.
std::string description(const Runtime& runtime, const std::string& machine, const Task& task) {
  return fmt::format("Machine \"{}\" of docker-machine (store {})", machine, runtime.store.id(task));
}

enum class Presence { none, ours, foreign };

Presence presence_of(const Runtime& runtime, const std::string& name, Task& task) {
  const CommandResult result = docker(runtime, {"inspect", name}, task);
  if (!result.ok()) return Presence::none;
  const Json shown = parse_json(result.output);
  const Json metadata = shown.is_array() && !shown.empty() ? shown[0].value("Metadata", Json()) : Json();
  const bool ours = text_of(metadata, "Description").contains("(store " + runtime.store.id(task) + ")");
  return ours ? Presence::ours : Presence::foreign;
}

/// Whether the docker client talks to that context's engine when it is told nothing.
bool is_current(const Runtime& runtime, const std::string& name, Task& task) {
  const CommandResult result = docker(runtime, {"ls", "--format", "{{if .Current}}{{.Name}}{{end}}"}, task);
  const auto lines = split(result.output, '\n');
  return std::ranges::find(lines, name) != lines.end();
}

/// A value in docker's list KEY=VALUE,KEY=VALUE, which it reads as a line of CSV.
std::string csv(const std::string& pair) {
  if (pair.find_first_of(",\"") == std::string::npos) return pair;
  return '"' + replace_all(pair, "\"", "\"\"") + '"';
}

/// What a context is made of, and by which a change is noticed.
struct Access {
  std::string option;  ///< the value of docker's --docker
  std::string stamp;
};

Access access_of(const Runtime& runtime, const OpenMachine& open, const DockerContext& context, Task& task) {
  if (context.transport == Transport::ssh) {
    const std::string url = docker_ssh_url(runtime, open, task);
    return {.option = csv("host=" + url), .stamp = url};
  }
  const std::string url = known_endpoint(open).docker_url;
  const TlsFiles tls = tls_files(open.machine);
  Access access{.option = csv("host=" + url), .stamp = url};
  for (const auto& [key, path] : {std::pair{"ca", tls.ca}, {"cert", tls.certificate}, {"key", tls.key}}) {
    access.option += "," + csv(fmt::format("{}={}", key, path));
    access.stamp += fmt::format(" {}={:x}", key, std::hash<std::string>{}(read_file(path)));
  }
  return access;
}

}  // namespace

std::string context_name(const std::string& prefix, const std::string& machine) {
  std::string name = prefix + machine;
  if (name == "default" || name.size() < 2) {
    throw Error(fmt::format("The docker client takes no context called \"{}\": give a --prefix", name),
                Reason::usage);
  }
  const bool fits =
      std::isalnum(static_cast<unsigned char>(name[0])) != 0 && std::ranges::all_of(name, [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
               std::string_view("_.+-").contains(letter);
      });
  if (!fits) {
    throw Error(
        fmt::format(
            "The docker client takes no context called {}: a prefix has letters, digits and _ . + -, and "
            "begins with a letter or digit",
            go_quote(name)),
        Reason::usage);
  }
  return name;
}

std::vector<DockerContext> known_contexts(const Runtime& runtime) {
  std::vector<DockerContext> contexts;
  const Json machines = read_register(runtime).value("Machines", Json::object());
  for (const auto& item : machines.items()) contexts.push_back(context_of(item.key(), item.value()));
  std::ranges::sort(contexts, {}, &DockerContext::machine);
  return contexts;
}

void keep_context(const Runtime& runtime, const OpenMachine& open, const DockerContext& context, Task& task) {
  const Json entry = entry_of(read_register(runtime), open.name());
  const Access access = access_of(runtime, open, context, task);
  const std::string former = text_of(entry, "Name");
  const Presence presence = presence_of(runtime, context.name, task);
  if (presence == Presence::foreign) {
    throw Error(
        fmt::format(
            "There is a docker context \"{}\" that is not of this store: give another --prefix, or remove it "
            "with \"docker context rm {}\"",
            context.name, context.name),
        Reason::already_exists);
  }
  if (!former.empty() && former != context.name) drop_context(runtime, open.name(), task);
  must_succeed(docker(runtime,
                      {presence == Presence::ours ? "update" : "create", "--description",
                       description(runtime, open.name(), task), "--docker", access.option, context.name},
                      task));
  change_register(runtime, task, [&](Json& document) {
    document["Machines"][open.name()] = {
        {"Name", context.name}, {"Transport", word_of(context.transport)}, {"Stamp", access.stamp}};
  });
}

void drop_context(const Runtime& runtime, const std::string& machine, Task& task) {
  const std::string name = text_of(entry_of(read_register(runtime), machine), "Name");
  if (name.empty()) return;
  if (presence_of(runtime, name, task) == Presence::ours)
    must_succeed(docker(runtime, {"rm", "--force", name}, task));
  change_register(runtime, task, [&](Json& document) { document["Machines"].erase(machine); });
}

std::optional<ContextHabit> context_habit(const Runtime& runtime) {
  const Json document = read_register(runtime);
  const auto always = document.find("Always");
  if (always == document.end() || !always->is_object()) return std::nullopt;
  return ContextHabit{.prefix = text_of(*always, "Prefix"),
                      .transport = transport_of(text_of(*always, "Transport"))};
}

void set_context_habit(const Runtime& runtime, const std::optional<ContextHabit>& habit, const Task& task) {
  make_folders(runtime.store.path());
  change_register(runtime, task, [&](Json& document) {
    document.erase("Always");
    if (habit) document["Always"] = {{"Prefix", habit->prefix}, {"Transport", word_of(habit->transport)}};
  });
}

void refresh_access(const Runtime& runtime, const OpenMachine& open, Task& task) {
  refresh_ssh_config(runtime, task);
  try {
    const Json entry = entry_of(read_register(runtime), open.name());
    if (entry.is_null() || open.driver->endpoint().docker_url.empty()) return;
    const DockerContext context = context_of(open.name(), entry);
    if (access_of(runtime, open, context, task).stamp != text_of(entry, "Stamp"))
      keep_context(runtime, open, context, task);
  } catch (const Error& error) {
    task.warn(fmt::format("The docker context of \"{}\" is not up to date: {}", open.name(), error.what()));
  }
}

void refresh_contexts(const Runtime& runtime, Task& task) {
  for (const auto& context : known_contexts(runtime)) {
    try {
      refresh_access(runtime, open_machine(runtime, context.machine), task);
    } catch (const Error& error) {
      task.warn(
          fmt::format("The docker context of \"{}\" is not up to date: {}", context.machine, error.what()));
    }
  }
}

void introduce(const Runtime& runtime, const OpenMachine& open, Task& task) {
  refresh_access(runtime, open, task);
  try {
    const auto habit = context_habit(runtime);
    if (!habit || !entry_of(read_register(runtime), open.name()).is_null()) return;
    keep_context(runtime, open,
                 {.machine = open.name(),
                  .name = context_name(habit->prefix, open.name()),
                  .transport = habit->transport},
                 task);
  } catch (const Error& error) {
    task.warn(fmt::format("\"{}\" has no docker context: {}", open.name(), error.what()));
  }
}

void rename_access(const Runtime& runtime, const OpenMachine& open, const std::string& former, Task& task) {
  refresh_ssh_config(runtime, task);
  const Json entry = entry_of(read_register(runtime), former);
  if (entry.is_null()) return;
  const std::string old = text_of(entry, "Name");
  const std::string prefix = old.ends_with(former) ? old.substr(0, old.size() - former.size()) : "";
  const std::string name = context_name(prefix, open.name());
  // A copy, since a machine that is off has no address of which one could be made.
  if (presence_of(runtime, name, task) != Presence::ours) {
    must_succeed(docker(
        runtime, {"create", "--description", description(runtime, open.name(), task), "--from", old, name},
        task));
  }
  if (is_current(runtime, old, task)) must_succeed(docker(runtime, {"use", name}, task));
  if (presence_of(runtime, old, task) == Presence::ours)
    must_succeed(docker(runtime, {"rm", "--force", old}, task));
  change_register(runtime, task, [&](Json& document) {
    document["Machines"].erase(former);
    document["Machines"][open.name()] = entry;
    document["Machines"][open.name()]["Name"] = name;
  });
  refresh_access(runtime, open, task);
}

void withdraw_access(const Runtime& runtime, const std::string& machine, Task& task) {
  refresh_ssh_config(runtime, task);
  try {
    drop_context(runtime, machine, task);
  } catch (const Error& error) {
    task.warn(fmt::format("The docker context of \"{}\" is still there: {}", machine, error.what()));
  }
}

}  // namespace dm
