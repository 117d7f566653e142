#pragma once
#include <functional>
#include <string>
#include <vector>

#include "commands/command.h"

namespace dm {

/// The machines that a command was given; "default" if none was and it exists, else an Error.
std::vector<std::string> named_machines(const Context& context);
/// The one machine that a command was given, or "default"; Error if there are more.
std::string named_machine(const Context& context);

/// The machines that a command was given, each of which exists, whether it can be loaded or not; all if none
/// was.
std::vector<std::string> machines_or_all(const Context& context);

/// Makes sure that all machines can be loaded, then works on all of them at the same time; 0 if none failed.
/// All that failed are one Error, a line each.
int on_machines(Context& context, const std::function<void(const std::string& name, Task& task)>& work);

/// Prints the command's help on the output, then throws `message` as a usage error.
[[noreturn]] void refuse_with_help(Context& context, const std::string& message);

/// The flag --format of commands that print one thing: "" or "json".
Flag json_flag();
/// Whether the answer is wanted as JSON; Error(usage) for another word than "json".
bool wants_json(const Context& context);

/// Asks on the output, reads a line; Error as the original's on an empty one or at the end of the input,
/// Cancelled at once when the task is stopped.
std::string ask(Context& context, const std::string& question);

}  // namespace dm
