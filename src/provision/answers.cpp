// The output of scripts that only look at a machine.
#include "provision/answers.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/strings.h"

namespace dm {

Answers::Answers(const std::string& output) : beginning_(trim(output).substr(0, 300)) {
  for (const auto& line : split(output, '\n')) {
    const auto end = line.find_first_of("=:");
    if (end == std::string::npos) continue;
    const auto key = line.substr(0, end);
    const auto value = line.substr(end + 1);
    if (line[end] == ':') {
      files_[key] += value + "\n";
    } else {
      facts_.emplace(key, trim(value));
    }
  }
}

void Answers::expect_end() const {
  if (fact("end") == "yes") return;
  throw Error(
      fmt::format("Error getting SSH command: the machine did not answer as a POSIX shell does, but: {}",
                  go_quote(beginning_)));
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  for (auto& word : split(text, ' ')) {
    if (!word.empty()) found.push_back(std::move(word));
  }
  return found;
}

}  // namespace dm
