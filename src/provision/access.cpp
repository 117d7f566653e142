// Single people among those whom a machine lets in.
#include "provision/access.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

using std::chrono::seconds;

constexpr std::string_view mark = "docker-machine access ";
constexpr std::string_view last_line = "-----END CERTIFICATE-----";

std::string trust_file_of(const MachineFacts& facts) {
  return facts.distribution->paths.certificates + "/ca.pem";
}

/// Beside the trust file from when it is changed until the engine has read it.
std::string unread_file_of(const MachineFacts& facts) { return trust_file_of(facts) + ".unread"; }

/// A name as it stands in a regular expression.
std::string pattern_of(const std::string& who) { return replace_all(who, ".", "[.]"); }

// Who logs in need not be root, but the engine's files may be root's alone.
constexpr std::string_view reading_code = R"sh(docker_machine() {{
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
if [ -e "$HOME/.ssh/authorized_keys" ]; then sed 's/^/key:/' "$HOME/.ssh/authorized_keys" || exit 1; fi
echo
if {elevate} test -e {file}; then {elevate} sed 's/^/trust:/' {file} || exit 1; fi
echo
if {elevate} test -e {unread}; then echo unread; fi
echo end
}}
docker_machine </dev/null
)sh";

constexpr std::string_view keys_code = R"sh(folder=$HOME/.ssh
file=$folder/authorized_keys
if [ ! -d "$folder" ]; then why=$(mkdir -m 700 "$folder" 2>&1) || fail "Error making the folder $folder: $why"; fi
if [ -L "$file" ]; then file=$(readlink -f "$file"); fi
mode=600 kept=
if [ -e "$file" ]; then
  mode=$(stat -c %a "$file") && kept=$(sed "/^[a-z][^ ]* AAAA[^ ]* $mark\$/d" "$file" 2>&1) || fail "Error reading $file: $kept"
fi
if [ -n "$keys" ]; then kept="${kept:+$kept
}$keys"; fi
stage "$file" "$mode" <<END
$kept
END
replace_staged
)sh";

constexpr std::string_view certificate_code =
    R"sh(kept=$(sed "/^# $mark\$/,/^-----END CERTIFICATE-----/d" "$trust_file" 2>&1) || fail "Error reading $trust_file: $kept"
case $kept in
  *"-----BEGIN CERTIFICATE-----"*) ;;
  *) fail "$trust_file on the machine names no authority, so that the engine cannot be told whom to trust" ;;
esac
if [ -n "$certificate" ]; then kept="$kept
$certificate"; fi
stage "$trust_file" 644 <<END
$kept
END
why=$( (: >"$unread_file") 2>&1) || fail "Error writing $unread_file: $why"
replace_staged
)sh";

// The journal tells by which key a connection was logged in to; the process that wrote it ends with the
// connection. Of a number that was used twice the last line counts.
constexpr std::string_view sessions_code = R"sh(ours=" $$ " process=$$
while [ "${process:-1}" -gt 1 ]; do
  process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
  ours="$ours$process "
done
for folder in /proc/[0-9]*; do
  process=${folder#/proc/}
  case $(cat "$folder/comm" 2>/dev/null) in sshd | sshd-session) ;; *) continue ;; esac
  case $ours in *" $process "*) continue ;; esac
  login=$(limited 10 journalctl --quiet --boot --output=cat "_PID=$process" 2>/dev/null | grep '^Accepted publickey ' | tail -n 1)
  for key in $fingerprints; do
    case "$login " in *" $key "*) kill "$process" ;; esac
  done
done
)sh";

std::string assignments(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string code;
  for (const auto& [name, value] : variables) code += name + "=" + shell_quote(value) + "\n";
  return code;
}

/// The lines that begin with the word, without it.
std::string lines_after(const std::string& output, std::string_view word) {
  std::string text;
  for (const auto& line : split(output, '\n')) {
    if (line.starts_with(word)) text += line.substr(word.size()) + "\n";
  }
  return text;
}

}  // namespace

std::vector<GrantedCertificate> granted_certificates(const std::string& trust_file) {
  std::vector<GrantedCertificate> found;
  std::string who, text;
  const std::string begin = "# " + std::string(mark);
  for (const auto& line : split(trust_file, '\n')) {
    if (line.starts_with(begin)) {
      who = line.substr(begin.size()), text.clear();
    } else if (!who.empty()) {
      text += line + "\n";
      if (line == last_line) found.push_back({std::exchange(who, {}), text});
    }
  }
  return found;
}

std::vector<GrantedKey> granted_keys(const std::string& authorized_keys) {
  std::vector<GrantedKey> found;
  for (const auto& line : split(authorized_keys, '\n')) {
    const auto words = split(line, ' ');
    const std::string start = words.size() < 3 ? "" : words[0] + " " + words[1] + " " + std::string(mark);
    if (start.empty() || !words[1].starts_with("AAAA") || !line.starts_with(start)) continue;
    found.push_back({line.substr(start.size()), {.type = words[0], .base64 = words[1]}});
  }
  return found;
}

HostAccess read_access(RemoteHost& host, const MachineFacts& facts, Task& task) {
  check_rights(facts);
  const RemoteCommand command{
      .line = "sh",
      .input = fmt::format(fmt::runtime(reading_code), fmt::arg("file", trust_file_of(facts)),
                           fmt::arg("unread", unread_file_of(facts)),
                           fmt::arg("elevate", facts.privilege == Privilege::sudo ? "sudo -n" : "")),
      .limit = seconds(30)};
  const CommandResult result = host.ask(command, task);
  if (!result.ok() || !result.output.ends_with("end\n")) {
    throw Error(fmt::format("It cannot be read on the machine who has access: {}", trim(result.error)));
  }
  return {.trust_file = lines_after(result.output, "trust:"),
          .authorized_keys = lines_after(result.output, "key:"),
          .restart_pending = result.output.contains("\nunread\n")};
}

void set_ssh_keys(RemoteHost& host, const std::string& who, const std::vector<HostKey>& keys, Task& task) {
  std::vector<std::string> lines;
  for (const auto& key : keys) lines.push_back(fmt::format("{} {} {}{}", key.type, key.base64, mark, who));
  Script script;
  script.add({"changing authorized_keys",
              assignments({{"keys", join(lines, "\n")}, {"mark", std::string(mark) + pattern_of(who)}}) +
                  std::string(keys_code),
              seconds(20)});
  // As the user who logs in, whose file it is.
  run_script(host, script, Privilege::root, task);
}

void set_certificate(RemoteHost& host, const MachineFacts& facts, const GrantedCertificate& wanted, int port,
                     Containers containers, Task& task) {
  check_service_manager(facts);
  const std::string block =
      wanted.certificate.empty() ? "" : fmt::format("# {}{}\n{}", mark, wanted.who, trim(wanted.certificate));
  Script script;
  auto [before, after] = gentle_restart(facts, containers);
  script.add(std::move(before));
  script.add({"changing whom the engine trusts",
              assignments({{"certificate", block},
                           {"mark", std::string(mark) + pattern_of(wanted.who)},
                           {"trust_file", trust_file_of(facts)},
                           {"unread_file", unread_file_of(facts)}}) +
                  std::string(certificate_code),
              seconds(20)});
  for (auto& part : restart_parts(*facts.distribution->services, port)) script.add(std::move(part));
  script.add({"noting that the engine has read it", "rm -f \"$unread_file\"\n", seconds(10)});
  script.add(std::move(after));
  run_script(host, script, facts.privilege, task);
}

void end_ssh_sessions(RemoteHost& host, const MachineFacts& facts, const std::vector<HostKey>& keys,
                      Task& task) {
  std::vector<std::string> fingerprints;
  for (const auto& key : keys) fingerprints.push_back(fingerprint(key));
  Script script;
  script.add({"ending open SSH connections",
              assignments({{"fingerprints", join(fingerprints, " ")}}) + std::string(sessions_code),
              seconds(40)});
  run_script(host, script, facts.privilege, task);
}

std::string keep_granted_code(const std::string& trust_file) {
  return fmt::format(
      "if [ -e {0} ]; then\n"
      "  why=$({{ sed -n '/^# {1}/,/^{2}/p' {0} >>{0}.new; }} 2>&1) || fail \"Error writing {0}: $why\"\n"
      "fi\n",
      trust_file, mark, last_line);
}

}  // namespace dm
