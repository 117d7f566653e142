// Environment variables as a value.
#include "base/environment.h"

#include <unistd.h>

#include <string_view>

extern char** environ;

namespace dm {

Environment Environment::of_process() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::variable(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string Environment::variable_or(const std::string& name, const std::string& otherwise) const {
  return variable(name).value_or(otherwise);
}

// Not the password database: looking it up needs name service modules, which a static program cannot load.
std::string Environment::home() const { return variable_or("HOME", geteuid() == 0 ? "/root" : "."); }

}  // namespace dm
