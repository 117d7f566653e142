// Secrets that lie elsewhere than in config.json.
#include "drivers/secret.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"

namespace dm {
namespace {

/// Password managers may ask somebody to touch a key.
constexpr auto command_limit = std::chrono::minutes(1);

std::string first_line(const std::string& text) { return std::string(trim(split(text, '\n').front())); }

std::string answer_of(const std::string& line, const Services& services, Task& task) {
  Task limited = task.within(command_limit);
  const CommandResult result = services.processes.run({.arguments = {"/bin/sh", "-c", line}}, limited);
  if (!result.ok()) {
    throw Error(fmt::format("the command for a secret, \"{}\", ended with status {}: {}", line, result.status,
                            trim(result.error)),
                Reason::check_failed);
  }
  return first_line(result.output);
}

std::string looked_up(const std::string& setting, const Services& services, Task& task) {
  const auto behind = [&](std::string_view prefix) { return setting.substr(prefix.size()); };
  if (setting.starts_with("env:")) return services.environment.variable_or(behind("env:"), "");
  if (setting.starts_with("file:")) {
    std::string path = behind("file:");
    if (path.starts_with("~/")) path = services.environment.home() + path.substr(1);
    return first_line(read_file(path));
  }
  return answer_of(behind("command:"), services, task);
}

}  // namespace

std::string resolved_secret(const std::string& setting, const Services& services, Task& task) {
  const bool refers =
      setting.starts_with("env:") || setting.starts_with("file:") || setting.starts_with("command:");
  if (!refers) return setting;
  std::string secret = looked_up(setting, services, task);
  if (secret.empty()) {
    throw Error(fmt::format("the secret \"{}\" is empty: set it, or refer to another place", setting),
                Reason::check_failed);
  }
  return secret;
}

}  // namespace dm
