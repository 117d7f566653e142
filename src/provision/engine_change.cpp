// The smallest change of an engine that somebody else has configured.
#include "provision/engine_change.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

constexpr std::string_view engine_file_path = "/etc/docker/daemon.json";

/// Where the members of a JSON object lie in its text.
class ObjectText {
 public:
  struct Member {
    std::string key;
    size_t from = 0, to = 0;  ///< of the value
  };

  explicit ObjectText(const std::string& text) : text_(text) {
    at_ = text_.find('{') + 1;
    first_ = at_;
    for (skip_blanks(); at_ < text_.size() && text_[at_] == '"'; skip_blanks()) {
      const size_t start = at_;
      pass_value();
      Member member{.key = parse_json(text_.substr(start, at_ - start)).get<std::string>()};
      at_ = text_.find(':', at_) + 1;
      skip_blanks();
      member.from = at_;
      pass_value();
      member.to = at_;
      members_.push_back(std::move(member));
      skip_blanks();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
    }
  }

  const std::vector<Member>& members() const { return members_; }
  /// Where a further member goes, and what stands before each one.
  size_t end() const { return members_.empty() ? first_ : members_.back().to; }
  std::string indentation() const {
    const size_t quote = text_.find_first_not_of(" \t\r\n", first_);
    return members_.empty() ? "\n    " : text_.substr(first_, quote - first_);
  }

 private:
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  void pass_text() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  void pass_value() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char letter = text_[at_];
      if (letter == '"') {
        pass_text();
        if (depth == 0) return;
        continue;
      }
      if (depth == 0 && std::string_view(",}] \t\r\n").contains(letter)) return;
      if (letter == '{' || letter == '[') ++depth;
      if (letter == '}' || letter == ']') --depth;
      ++at_;
      if (depth == 0 && (letter == '}' || letter == ']')) return;
    }
  }

  const std::string& text_;
  size_t at_ = 0, first_ = 0;
  std::vector<Member> members_;
};

bool has_option(const std::vector<std::string>& command, const std::string& name) {
  return !values_of(command, {name}).empty();
}

/// Gathers what has to change, each setting where it lies already.
class Changing {
 public:
  explicit Changing(const EngineConfiguration& configuration) : configuration_(configuration) {
    const std::string& text = configuration.engine_file;
    if (!trim(text).empty()) {
      file_ =
          in_context(fmt::format("{} on the machine", engine_file_path), [&] { return parse_json(text); });
    }
    change_.command = configuration.command;
  }

  bool file_has(const std::string& key) const { return file_.is_object() && file_.contains(key); }
  void in_file(const std::string& key, const Json& value) {
    const std::string& text = change_.engine_file;
    change_.engine_file = with_member(text.empty() ? configuration_.engine_file : text, key, value);
    change_.new_keys.push_back(key);
  }
  void on_command_line(const std::string& word) {
    change_.added.push_back(word);
    change_.command.push_back(word);
  }
  /// Where TLS settings go that are nowhere yet.
  bool tls_belongs_in_file() const {
    bool on_line = false;
    for (const char* key : {"tls", "tlsverify", "tlscacert", "tlscert", "tlskey"}) {
      if (file_has(key)) return true;
      on_line = on_line || has_option(configuration_.command, std::string("--") + key);
    }
    return !on_line && file_has("hosts");
  }
  void set(const std::string& key, const Json& value, bool in_file_otherwise) {
    const bool on_line = has_option(configuration_.command, "--" + key);
    if (file_has(key) || (!on_line && in_file_otherwise)) return in_file(key, value);
    // Of an option that is said twice, the last one holds.
    on_command_line("--" + key + (value.is_string() ? "=" + value.get<std::string>() : ""));
  }
  void listen_on(const std::string& address, bool has_addresses) {
    if (file_has("hosts")) {
      Json hosts = file_.at("hosts");
      hosts.push_back(address);
      return in_file("hosts", hosts);
    }
    // Without any, it listens on its local socket.
    if (!has_addresses) on_command_line("--host=unix:///var/run/docker.sock");
    on_command_line("--host=" + address);
  }

  EngineChange result() && {
    if (!change_.added.empty()) change_.drop_in = drop_in();
    return std::move(change_);
  }
  EngineChange& change() { return change_; }

 private:
  /// The unit's own command line and ours behind it; its variables go on being replaced.
  std::string drop_in() const {
    const std::string command = start_command(configuration_.unit);
    const auto program = words_before_blank(command);
    if (!program.ends_with("/dockerd") || command.starts_with('@')) {
      throw Error(fmt::format(
          "The engine on the machine is started by {}, to which no options can be added. Let it "
          "listen over TLS yourself and adopt it with --tls-ca-cert, or adopt it with --transport "
          "ssh, which needs no change",
          command.empty() ? "something that is no systemd unit" : go_quote(command)));
    }
    return fmt::format(
        "# Written by docker-machine adopt: the engine's own command line, and behind it what lets clients "
        "in.\n[Service]\nExecStart=\nExecStart={} {}\n",
        command, join(change_.added, " "));
  }
  static std::string words_before_blank(const std::string& command) {
    return command.substr(0, command.find_first_of(" \t"));
  }

  const EngineConfiguration& configuration_;
  Json file_;
  EngineChange change_;
};

/// Keeps what is replaced, and puts all of it back if the engine does not come up with the new.
constexpr std::string_view undo_functions = R"sh(undo=
keep_staged() {
  for file in $staged; do
    rm -f "$file.before-adopt"
    if [ -e "$file" ]; then why=$(cp -p "$file" "$file.before-adopt" 2>&1) || fail "Error keeping $file: $why"; fi
    undo="$undo $file"
  done
}
old_with=$content_with old_without=$content_without
put_back_engine_file() {
  [ -e "$daemon_file.before-adopt" ] || return 0
  if [ -e "$kept_file" ]; then
    mv -f "$daemon_file.before-adopt" "$kept_file"
    write_engine_file "$old_with"
    content_without=$old_without
  else
    mv -f "$daemon_file.before-adopt" "$daemon_file"
  fi
}
undo_all() {
  put_back_engine_file
  for file in $undo; do
    if [ -e "$file.before-adopt" ]; then mv -f "$file.before-adopt" "$file"; else rm -f "$file"; fi
  done
}
forget_undo() {
  rm -f "$daemon_file.before-adopt"
  [ -n "$keep_former" ] || for file in $undo; do rm -f "$file.before-adopt"; done
}
)sh";

/// While live-restore is on for the restart, what is to be there afterwards lies beside.
constexpr std::string_view replace_engine_file =
    R"sh(cp -p "$daemon_file" "$daemon_file.before-adopt" || fail "Error keeping $daemon_file"
if [ -e "$kept_file" ]; then
  cp -p "$kept_file" "$daemon_file.before-adopt" && printf '%s\n' "$new_content" >"$kept_file" && write_engine_file "$new_with"
  content_without=$new_without
else
  write_engine_file "$new_content"
fi
)sh";

constexpr std::string_view validate_code =
    R"sh(if "$engine_program" --help 2>/dev/null | grep -q -- --validate; then
  printf '%s\n' "$new_content" >/etc/docker/daemon.json.check
  why=$(limited 20 @command@ --validate --config-file /etc/docker/daemon.json.check 2>&1)
  status=$?
  rm -f /etc/docker/daemon.json.check
  [ "$status" = 0 ] || fail "The engine's configuration would not pass dockerd --validate, and nothing was changed: $(printf '%s\n' "$why" | tail -n 1)"
fi
)sh";

std::string assignment(const std::string& variable, const std::string& value) {
  return fmt::format("{}={}\n", variable, shell_quote(value.substr(0, value.find_last_not_of('\n') + 1)));
}

ScriptPart validate_part(const MachineFacts& facts, const EngineChange& change) {
  std::vector<std::string> quoted;
  for (const auto& word : change.command) quoted.push_back(shell_quote(word));
  const std::string content = change.engine_file.empty() ? facts.engine_file : change.engine_file;
  return {"checking the engine's new configuration",
          assignment("engine_program", facts.engine_program) +
              assignment("new_content", trim(content).empty() ? "{}" : content) + "mkdir -p /etc/docker\n" +
              replace_all(std::string(validate_code), "@command@", join(quoted, " "))};
}

ScriptPart change_part(const MachineFacts& facts, const EngineChange& change,
                       const EngineCertificates& certificates) {
  ScriptPart part = certificates_part(facts.distribution->paths.certificates, certificates);
  part.name = "changing the engine's configuration";
  if (!change.drop_in.empty()) {
    part.code += fmt::format("mkdir -p /etc/systemd/system/docker.service.d\nstage {} 644{}", adopted_drop_in,
                             here_document(change.drop_in));
  }
  part.code += assignment("keep_former", change.is_empty() ? "" : "yes") + std::string(undo_functions) +
               "keep_staged\nreplace_staged\n";
  if (change.engine_file.empty()) return part;
  part.code += assignment("new_content", change.engine_file) +
               assignment("new_with", with_live_restore(change.engine_file, true)) +
               assignment("new_without", with_live_restore(change.engine_file, false)) +
               std::string(replace_engine_file);
  return part;
}

}  // namespace

std::string with_member(const std::string& text, const std::string& key, const Json& value) {
  const std::string shown = value.dump();
  if (trim(text).empty()) return fmt::format("{{\n    {}: {}\n}}\n", Json(key).dump(), shown);
  const ObjectText object(text);
  for (const auto& member : object.members()) {
    if (member.key == key) return text.substr(0, member.from) + shown + text.substr(member.to);
  }
  const bool is_first = object.members().empty();
  std::string addition =
      fmt::format("{}{}{}: {}", is_first ? "" : ",", object.indentation(), Json(key).dump(), shown);
  if (is_first) addition += "\n";
  return text.substr(0, object.end()) + addition + text.substr(object.end());
}

EngineChange smallest_change(const EngineConfiguration& configuration, const std::string& certificates,
                             int port) {
  const auto config_files = values_of(configuration.command, {"--config-file"});
  if (!config_files.empty() && config_files.back() != engine_file_path) {
    throw Error(fmt::format(
        "The engine on the machine reads {}, not {}: let it listen over TLS yourself and adopt it "
        "with --tls-ca-cert, or adopt it with --transport ssh, which needs no change",
        config_files.back(), engine_file_path));
  }
  const EngineDoor door = door_of(configuration);
  Changing changing(configuration);
  changing.change().port = port;
  const bool tls_in_file = changing.tls_belongs_in_file();
  if (!door.asks_for_certificates) {
    for (const auto& address : door.addresses) {
      if (address.starts_with("tcp://")) changing.change().were_plain.push_back(address);
    }
    changing.set("tlsverify", true, tls_in_file);
  }
  const auto lead_to = [&](const char* key, const std::string& there, const char* file) {
    const std::string path = certificates + "/" + file;
    if (there != path) changing.set(key, path, tls_in_file);
  };
  lead_to("tlscacert", door.authority, "ca.pem");
  lead_to("tlscert", door.certificate, "server.pem");
  lead_to("tlskey", door.key, "server-key.pem");
  if (door.port != port) {
    changing.listen_on(fmt::format("tcp://0.0.0.0:{}", port), !door.addresses.empty());
  }
  return std::move(changing).result();
}

void change_engine(RemoteHost& host, const MachineFacts& facts, const EngineChange& change,
                   const EngineCertificates& certificates, Containers containers, Task& task) {
  const ServiceManager& services = *facts.distribution->services;
  auto [before, after] = gentle_restart(facts, containers);
  Script script;
  if (!change.is_empty()) script.add(validate_part(facts, change));
  script.add(std::move(before));
  script.add(change_part(facts, change, certificates));
  const std::string roll_back = fmt::format(
      "settle() {{\n{}}}\nfail() {{\n  trouble=\"$*\"\n  undo_all\n  {{ {}; }} >/dev/null 2>&1\n  settle\n"
      "  mark \"fail $trouble. Everything on the machine was put back as it was.\"\n  exit 1\n}}\n",
      after.code, services.restart);
  auto restart = restart_parts(services, change.port);
  restart.front().code = roll_back + restart.front().code;
  for (auto& part : restart) script.add(std::move(part));
  after.code = "settle\nforget_undo\n";
  script.add(std::move(after));
  run_script(host, script, facts.privilege, task);
}

void adapt_engine(RemoteHost& host, const MachineFacts& facts, const ProvisionRequest& request, Task& task) {
  check_rights(facts);
  check_service_manager(facts);
  const EngineConfiguration configuration = look_at_engine(host, facts, task);
  const EngineChange change =
      smallest_change(configuration, facts.distribution->paths.certificates, request.engine_port);
  const EngineCertificates certificates = request.certificates();
  task.info("Copying certs to the remote machine...");
  change_engine(
      host, facts, change, certificates,
      request.containers == Containers::may_stop ? Containers::run_on_if_they_can : request.containers, task);
}

}  // namespace dm
