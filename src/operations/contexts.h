#pragma once
#include <optional>
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// How a docker client reaches a machine's engine.
enum class Transport { tls, ssh };

/// A context of the docker client that belongs to a machine. Which ones there are lies in
/// STORE/contexts.json.
struct DockerContext {
  std::string machine;
  std::string name;  ///< as the docker client knows it
  Transport transport = Transport::tls;
};

/// What a context is called: the prefix and the machine's name. Error(usage) if the docker client would not
/// take it.
std::string context_name(const std::string& prefix, const std::string& machine);

/// All contexts that belong to machines of this store, by machine.
std::vector<DockerContext> known_contexts(const Runtime& runtime);

/// Makes a machine's context, or brings it up to date; a former one of another name goes. Error if the docker
/// client is not there or refuses, or has a context of that name that is not ours.
void keep_context(const Runtime& runtime, const OpenMachine& open, const DockerContext& context, Task& task);

/// Removes a machine's context, if it has one.
void drop_context(const Runtime& runtime, const std::string& machine, Task& task);

/// Whether each new machine gets a context, and of which kind.
struct ContextHabit {
  std::string prefix;
  Transport transport = Transport::tls;
};
std::optional<ContextHabit> context_habit(const Runtime& runtime);
void set_context_habit(const Runtime& runtime, const std::optional<ContextHabit>& habit, const Task& task);

/// To be called after whatever may have changed how a machine is reached: brings what the user's other
/// programs know of it up to date, its docker context and STORE/ssh_config. Costs nothing if nothing changed.
/// What fails is a warning.
void refresh_access(const Runtime& runtime, const OpenMachine& open, Task& task);

/// refresh_access for all machines that have a context: to be called when the client certificate is a new
/// one.
void refresh_contexts(const Runtime& runtime, Task& task);

/// To be called when a machine is new: as refresh_access, and makes its context where that is the habit.
void introduce(const Runtime& runtime, const OpenMachine& open, Task& task);

/// To be called when a machine has another name: its context gets one too, with the same prefix, and stays
/// the docker client's current one if it was. Error if the docker client does not do so; may be called again.
void rename_access(const Runtime& runtime, const OpenMachine& open, const std::string& former, Task& task);

/// To be called when a machine is gone: its context goes too. What fails is a warning.
void withdraw_access(const Runtime& runtime, const std::string& machine, Task& task);

}  // namespace dm
