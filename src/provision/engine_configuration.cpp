// How an engine is configured that somebody else may have set up.
#include "provision/engine_configuration.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/strings.h"
#include "provision/answers.h"
#include "provision/distribution.h"

namespace dm {
namespace {

constexpr std::string_view look_script = R"sh(docker_machine() {
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
fact() { printf '\n%s=%s\n' "$1" "$2"; }
limited() {
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}
engine() { limited 20 docker -H unix:///var/run/docker.sock "$@"; }
process=$(systemctl show --property=MainPID docker.service | sed 's/^MainPID=//')
if [ "${process:-0}" -gt 0 ]; then tr '\0' '\n' <"/proc/$process/cmdline" | sed 's/^/command:/'; fi
systemctl cat docker.service | sed 's/^/unit:/'
engine ps --format '{{.Names}}' | sed 's/^/container:/'
fact hostname "$(uname -n)"
fact end yes
} 2>/dev/null
docker_machine </dev/null
exit 0
)sh";

constexpr std::string_view our_drop_in = "/docker.service.d/10-machine.conf";

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// A member of daemon.json as texts: one for a scalar, any number for a list.
std::vector<std::string> texts_in(const Json& file, const std::string& key) {
  if (!file.is_object() || !file.contains(key)) return {};
  const Json& value = file.at(key);
  std::vector<std::string> texts;
  for (const Json& item : value.is_array() ? value : Json::array({value}))
    texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  return texts;
}

/// The port of a TCP address that others can reach.
std::optional<int> open_port_of(const std::string& address) {
  if (!address.starts_with("tcp://")) return std::nullopt;
  const auto colon = address.rfind(':');
  const int port = number_or_minus_one(address.substr(colon + 1));
  const std::string host = address.substr(6, colon < 6 ? 0 : colon - 6);
  if (port < 1 || host == "127.0.0.1" || host == "localhost" || host == "[::1]") return std::nullopt;
  return port;
}

/// The lines of a unit that hold settings, with those that are continued joined.
std::vector<std::string> settings_in(const std::string& unit) {
  std::vector<std::string> settings;
  bool continued = false;
  for (const std::string& line : lines_of(unit)) {
    const auto text = trim(line);
    if (text.starts_with('#') || text.starts_with(';')) continue;
    const bool goes_on = text.ends_with('\\');
    const std::string piece(trim(goes_on ? text.substr(0, text.size() - 1) : text));
    if (continued) {
      settings.back() += " " + piece;
    } else {
      settings.push_back(piece);
    }
    continued = goes_on;
  }
  return settings;
}

/// The words of a line that systemd_engine_unit() wrote, as they were given to it.
std::vector<std::string> quoted_words(const std::string& text) {
  std::vector<std::string> found;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (!inside) found.emplace_back();
      inside = !inside;
    } else if (inside && text[i] == '\\' && i + 1 < text.size()) {
      const char letter = text[++i];
      if (letter == 'x' && i + 2 < text.size()) {
        found.back() += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        found.back() += letter == 'n' ? '\n' : letter == 't' ? '\t' : letter;
      }
    } else if (inside) {
      found.back() += text[i];
    }
  }
  for (auto& word : found) word = replace_all(word, "%%", "%");
  return found;
}

/// The part of `systemctl cat` that is our drop-in; "" if there is none.
std::string drop_in_of(const std::string& unit) {
  std::string text;
  bool inside = false;
  for (const auto& line : lines_of(unit)) {
    if (line.starts_with("# /")) inside = line.ends_with(our_drop_in);
    if (inside) text += line + "\n";
  }
  return text;
}

/// Takes the options of a command line of docker-machine's one by one.
void take_options(EngineOptions& options, const std::vector<std::string>& command) {
  constexpr std::array<std::string_view, 5> not_the_users{"-H", "--tlsverify", "--tlscacert", "--tlscert",
                                                          "--tlskey"};
  for (size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    const bool has_value = !word.contains('=') && i + 1 < command.size() && !command[i + 1].starts_with('-');
    const std::string value = has_value ? command[++i] : "";
    if (std::ranges::find(not_the_users, word) != not_the_users.end()) continue;
    if (word == "--storage-driver") {
      options.storage_driver = value;
    } else if (word == "--label") {
      options.labels.push_back(value);
    } else if (word == "--insecure-registry") {
      options.insecure_registry.push_back(value);
    } else if (word == "--registry-mirror") {
      options.registry_mirror.push_back(value);
    } else if (word.starts_with("--")) {
      options.arbitrary_flags.push_back(word.substr(2) + (has_value ? " " + value : ""));
    }
  }
}

}  // namespace

EngineConfiguration look_at_engine(RemoteHost& host, const MachineFacts& facts, Task& task) {
  const auto result = host.ask({.line = shell_for(facts.privilege),
                                .input = std::string(look_script),
                                .limit = std::chrono::seconds(60)},
                               task);
  return parse_configuration(result.output, facts);
}

EngineConfiguration parse_configuration(const std::string& output, const MachineFacts& facts) {
  const Answers answers(output);
  answers.expect_end();
  return {.hostname = answers.fact("hostname"),
          .command = lines_of(answers.file("command")),
          .unit = answers.file("unit"),
          .engine_file = facts.engine_file,
          .containers = lines_of(answers.file("container"))};
}

std::vector<std::string> values_of(const std::vector<std::string>& command,
                                   const std::vector<std::string>& names) {
  std::vector<std::string> values;
  for (size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    for (const auto& name : names) {
      if (word == name) {
        const bool has_value = i + 1 < command.size() && !command[i + 1].starts_with('-');
        values.push_back(has_value ? command[i + 1] : "");
      } else if (word.starts_with(name + "=")) {
        values.push_back(word.substr(name.size() + 1));
      } else if (name.size() == 2 && word.starts_with(name)) {
        values.push_back(word.substr(2));
      }
    }
  }
  return values;
}

EngineDoor door_of(const EngineConfiguration& configuration) {
  const Json file = trim(configuration.engine_file).empty() ? Json() : parse_json(configuration.engine_file);
  const auto values = [&](const std::vector<std::string>& options, const std::string& key) {
    auto found = values_of(configuration.command, options);
    return found.empty() ? texts_in(file, key) : found;
  };
  const auto last = [](const std::vector<std::string>& found) { return found.empty() ? "" : found.back(); };
  EngineDoor door{.addresses = values({"-H", "--host"}, "hosts"),
                  .authority = last(values({"--tlscacert"}, "tlscacert")),
                  .certificate = last(values({"--tlscert"}, "tlscert")),
                  .key = last(values({"--tlskey"}, "tlskey"))};
  const auto verify = values({"--tlsverify"}, "tlsverify");
  // A boolean's value stands behind "=" only.
  door.asks_for_certificates = !verify.empty() && verify.back() != "false";
  for (const auto& address : door.addresses) {
    if (!door.port) door.port = open_port_of(address);
  }
  return door;
}

std::string start_command(const std::string& unit) {
  std::string command;
  for (const auto& setting : settings_in(unit)) {
    if (setting.starts_with("ExecStart=")) command = trim(std::string_view(setting).substr(10));
  }
  return command;
}

std::optional<EngineOptions> options_by_docker_machine(const EngineConfiguration& configuration,
                                                       const std::string& usual_storage_driver) {
  const std::string drop_in = drop_in_of(configuration.unit);
  if (start_command(drop_in).empty()) return std::nullopt;
  EngineOptions options;
  take_options(options, configuration.command);
  for (const auto& setting : settings_in(drop_in)) {
    if (setting.starts_with("Environment=")) options.environment = quoted_words(setting.substr(12));
  }
  if (options.storage_driver == usual_storage_driver) options.storage_driver.clear();
  // The last one is what docker-machine adds by itself.
  const auto ours = std::ranges::find_if(options.labels.rbegin(), options.labels.rend(),
                                         [](const auto& label) { return label.starts_with("provider="); });
  if (ours != options.labels.rend()) options.labels.erase(std::next(ours).base());
  return options;
}

}  // namespace dm
