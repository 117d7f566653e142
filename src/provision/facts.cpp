// What is asked of a machine before it is provisioned, in one command.
#include "provision/facts.h"

#include <fmt/core.h>

#include <map>

#include "base/strings.h"
#include "provision/answers.h"

namespace dm {
namespace {

// Some answers need root (the engine's socket and folder), so that the inner part runs with sudo where it
// can. Everything that might hang has a limit of its own.
constexpr std::string_view facts_script = R"sh(docker_machine() {
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
fact() { printf '\n%s=%s' "$1" "$2"; }
elevate=
if [ "$(id -u)" = 0 ]; then
  fact privilege root
elif ! command -v sudo >/dev/null; then
  fact privilege none
elif answer=$(sudo -n sh -c 'exit 0' 2>&1); then
  fact privilege sudo
  elevate='sudo -n'
else
  fact privilege refused
  fact sudo_answer "$(printf '%s\n' "$answer" | tail -n 1)"
fi
fact user "$(id -un)"
$elevate sh <<'END'
facts() {
fact() { printf '\n%s=%s' "$1" "$2"; }
file() { [ -r "$2" ] && printf '\n' && sed "s/^/$1:/" "$2"; }
limited() {
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}
file os-release /etc/os-release || file os-release /usr/lib/os-release
if command -v cloud-init >/dev/null; then
  if [ -e /run/cloud-init/result.json ] || [ -e /run/cloud-init/disabled ] || [ ! -d /run/cloud-init ]; then
    fact cloud_init done
  else
    fact cloud_init running
  fi
fi
engine=$(ls /usr/lib/coreos/dockerd || command -v dockerd || ls /snap/bin/dockerd)
case $engine in
  /snap/*) fact snap yes ;;
  *)
    fact dockerd "$engine"
    [ -z "$engine" ] || fact version "$(limited 20 "$engine" --version | sed -n 's/^Docker version \([^, ]*\).*/\1/p')"
    ;;
esac
state=
script() {
  fact service_manager "$1"
  if [ -e "$2" ]; then state="LoadState=loaded"; else state="LoadState=not-found"; fi
  if limited 20 docker -H unix:///var/run/docker.sock version >/dev/null; then state="ActiveState=active $state"; fi
  fact service "$state"
}
if [ -d /run/systemd/system ]; then
  fact service_manager systemd
  state=$(limited 20 systemctl show --property=LoadState,ActiveState docker.service | sort | tr '\n' ' ')
  fact service "$state"
elif command -v system-docker >/dev/null; then
  script system-docker /usr/bin/dockerd
elif command -v rc-service >/dev/null; then
  script openrc /etc/init.d/docker
elif command -v initctl >/dev/null; then
  if [ -e /etc/init/docker.conf ]; then script upstart /etc/init/docker.conf; else script upstart /etc/init.d/docker; fi
elif [ -d /var/lib/boot2docker ]; then
  script boot2docker /etc/init.d/docker
fi
case $state in
  ActiveState=active*)
    fact engine "$(limited 20 docker -H unix:///var/run/docker.sock info \
      --format '{{.Driver}} {{.DriverStatus}}' | head -n 1)" ;;
esac
fact stored_with "$(ls /var/lib/docker/image | tr '\n' ' ')"
fact file_system "$(stat -f -c %T /var/lib/docker || stat -f -c %T /var/lib)"
file daemon.json /etc/docker/daemon.json
fact end yes
echo
}
facts </dev/null
END
} 2>/dev/null
docker_machine </dev/null
exit 0
)sh";

CloudInit cloud_init_named(const std::string& name) {
  if (name == "running") return CloudInit::running;
  return name == "done" ? CloudInit::done : CloudInit::absent;
}

/// A value of os-release(5): bare, or in single or double quotes with the shell's escapes.
std::string unquoted(std::string_view value) {
  if (value.size() < 2 || (value.front() != '"' && value.front() != '\'') || value.back() != value.front()) {
    return std::string(value);
  }
  const char quote = value.front();
  value = value.substr(1, value.size() - 2);
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    const bool escape = quote == '"' && value[i] == '\\' && i + 1 < value.size() &&
                        std::string_view("\"$`\\").contains(value[i + 1]);
    if (escape) ++i;
    text += value[i];
  }
  return text;
}

}  // namespace

OsRelease parse_os_release(const std::string& text) {
  OsRelease release;
  const std::map<std::string_view, std::string*> wanted{{"ID", &release.id},
                                                        {"ID_LIKE", &release.id_like},
                                                        {"VERSION_ID", &release.version_id},
                                                        {"VARIANT_ID", &release.variant_id},
                                                        {"PRETTY_NAME", &release.pretty_name}};
  for (const auto& raw : split(text, '\n')) {
    const auto line = trim(raw);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const auto row = wanted.find(line.substr(0, equals));
    if (row != wanted.end()) *row->second = unquoted(line.substr(equals + 1));
  }
  return release;
}

Privilege privilege_named(const std::string& name) {
  if (name == "root") return Privilege::root;
  if (name == "sudo") return Privilege::sudo;
  return name == "refused" ? Privilege::refused : Privilege::none;
}

RemoteCommand facts_command() {
  return {.line = shell_for(Privilege::none),
          .input = std::string(facts_script),
          .limit = std::chrono::seconds(45)};
}

MachineFacts parse_facts(const std::string& output) {
  const Answers answers(output);
  answers.expect_end();
  MachineFacts facts;
  facts.os_release = parse_os_release(answers.file("os-release"));
  facts.privilege = privilege_named(answers.fact("privilege"));
  facts.user = answers.fact("user");
  facts.sudo_answer = answers.fact("sudo_answer");
  facts.service_manager = answers.fact("service_manager");
  facts.cloud_init = cloud_init_named(answers.fact("cloud_init"));
  facts.engine_program = answers.fact("dockerd");
  facts.engine_version = answers.fact("version");
  facts.engine_is_snap = answers.fact("snap") == "yes";
  const auto service = answers.fact("service");
  // A masked service is one all the same: restarting it says so.
  facts.engine_service = service.contains("LoadState=loaded") || service.contains("LoadState=masked");
  facts.engine_running = service.contains("ActiveState=active");
  const auto engine = words(answers.fact("engine"));
  if (!engine.empty()) facts.storage_driver = engine.front();
  facts.containerd_images = answers.fact("engine").contains("io.containerd.snapshotter");
  facts.stored_with = words(answers.fact("stored_with"));
  facts.file_system = answers.fact("file_system");
  facts.engine_file = answers.file("daemon.json");
  return facts;
}

}  // namespace dm
