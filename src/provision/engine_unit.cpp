// The text of the systemd drop-in, with systemd's rules of quoting (systemd.syntax(7), systemd.service(5)).
#include "provision/engine_unit.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace dm {
namespace {

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }

std::string in_double_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
      quoted += letter;
    } else if (letter == '\n') {
      quoted += "\\n";
    } else if (letter == '\t') {
      quoted += "\\t";
    } else if (is_control(letter)) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    } else {
      quoted += letter;
    }
  }
  return quoted + '"';
}

/// One word of ExecStart=: systemd replaces $NAME and %LETTER there, and a lone ; ends the command.
std::string command_word(const std::string& word) {
  const std::string text = replace_all(replace_all(word, "$", "$$"), "%", "%%");
  const bool plain = !text.empty() && std::ranges::none_of(text, [](char letter) {
    return letter == ' ' || letter == ';' || letter == '"' || letter == '\'' || letter == '\\' ||
           is_control(letter);
  });
  return plain ? text : in_double_quotes(text);
}

}  // namespace

std::string systemd_engine_unit(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment) {
  std::string text = "[Service]\nExecStart=\nExecStart=";
  for (const auto& argument : arguments) text += command_word(argument) + ' ';
  text += "\nEnvironment=";
  // Here `$` stands for itself.
  for (const auto& variable : environment) text += in_double_quotes(replace_all(variable, "%", "%%")) + ' ';
  return text + "\n";
}

}  // namespace dm
