#pragma once
#include <string>

namespace dm {

/// A shell that `env` writes lines for; a row of one table.
struct Shell;

/// The shell of that name; any unknown name is a POSIX shell, as in the original.
const Shell& shell_named(const std::string& name);
/// The line that sets a variable, with a newline. Plain values look exactly as the original's; whatever else
/// the value holds (quotes, $, backquotes, blanks, newlines) arrives in the shell as it is when the hint's
/// command evaluates it. cmd alone cannot take a line break: Error.
std::string set_line(const Shell& shell, const std::string& variable, const std::string& value);
/// The line that removes a variable, with a newline.
std::string unset_line(const Shell& shell, const std::string& variable);
/// The two comment lines that tell how to evaluate the output; `command` is the command line that was typed.
std::string hint(const Shell& shell, const std::string& command);

}  // namespace dm
