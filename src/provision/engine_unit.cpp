// The texts of the files that give the engine its options: the systemd drop-in, with systemd's rules of
// quoting (systemd.syntax(7), systemd.service(5)), and shell fragments.
#include "provision/engine_unit.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/error.h"
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

/// The words as options of one line each: a value stands behind the option that it belongs to.
std::vector<std::string> option_lines(const std::vector<std::string>& words, WordReader reader) {
  std::vector<std::string> lines;
  for (const auto& word : words) {
    if (reader == WordReader::splits && (word.empty() || word.find_first_of(" \t\n") != std::string::npos)) {
      throw Error(fmt::format("The engine's option {} has a blank in it, which the service manager of this "
                              "machine cannot pass on: put the setting into /etc/docker/daemon.json there",
                              go_quote(word)),
                  Reason::usage);
    }
    const std::string text = reader == WordReader::evaluates ? shell_quote(word) : word;
    if (word.starts_with('-') || lines.empty()) {
      lines.push_back(text);
    } else {
      lines.back() += " " + text;
    }
  }
  return lines;
}

std::string assignment(const std::string& name, const std::vector<std::string>& lines) {
  // Always in quotes, as a shell would not read a bare text of several lines.
  return fmt::format("{}='\n{}\n\n'\n", name, replace_all(join(lines, "\n"), "'", "'\\''"));
}

std::string exports(const std::vector<std::string>& environment) {
  std::string text;
  for (const auto& variable : environment) text += "export " + shell_quote(variable) + "\n";
  return text;
}

}  // namespace

std::string shell_engine_options(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment, WordReader reader) {
  const std::vector<std::string> options(arguments.begin() + 1, arguments.end());
  return "\n" + assignment("DOCKER_OPTS", option_lines(options, reader)) + exports(environment) + "\n";
}

std::string boot2docker_profile(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment) {
  static const std::map<std::string, std::string> variables{{"--tlscacert", "CACERT"},
                                                            {"--storage-driver", "DOCKER_STORAGE"},
                                                            {"--tlskey", "SERVERKEY"},
                                                            {"--tlscert", "SERVERCERT"}};
  std::vector<std::string> rest;
  std::string text;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    const auto variable = variables.find(word);
    if (variable != variables.end()) {
      text += fmt::format("{}={}\n", variable->second, shell_quote(arguments.at(++i)));
    } else if (word == "--tlsverify") {
      text += "DOCKER_TLS=auto\n";
    } else if (word == "-H") {
      // The init script adds the local socket itself.
      const auto& address = arguments.at(++i);
      if (!address.starts_with("unix:")) text += fmt::format("DOCKER_HOST='-H {}'\n", address);
    } else {
      rest.push_back(word);
    }
  }
  return "\n" + assignment("EXTRA_ARGS", option_lines(rest, WordReader::splits)) + text + "\n" +
         exports(environment) + "\n";
}

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
