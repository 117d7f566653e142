#pragma once
#include <map>
#include <optional>
#include <string>

namespace dm {

/// The environment variables that a run sees, as a value, so that tests bring their own. A variable that is
/// set to the empty text counts as unset everywhere, as in the original.
class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}
  /// The process' own.
  static Environment of_process();

  std::optional<std::string> variable(const std::string& name) const;
  std::string variable_or(const std::string& name, const std::string& otherwise) const;
  /// The user's home folder: $HOME, else /root for root and the current folder for others.
  std::string home() const;

 private:
  std::map<std::string, std::string> variables_;
};

}  // namespace dm
