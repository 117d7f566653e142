#pragma once
#include <string>

#include "base/task.h"

namespace dm {

/// Asks on the terminal, without showing what is typed, and reads a line. Error(usage) saying "give
/// `instead`" if there is no terminal, Error for an empty answer; Cancelled at once when the task is stopped.
std::string ask_passphrase(const std::string& question, const std::string& instead, const Task& task);

/// The first line of a file; Error if it is empty.
std::string passphrase_in(const std::string& file);

}  // namespace dm
