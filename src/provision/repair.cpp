// Scripts that mend a machine.
#include "provision/repair.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

using std::chrono::seconds;

// A rule is added only where one is that closes something: otherwise the obstacle is elsewhere.
constexpr std::string_view firewall_functions = R"sh(port_is_open=
open_port() {
  if command -v ufw >/dev/null 2>&1 && ufw status 2>/dev/null | grep -q '^Status: active'; then
    ufw allow "$1/tcp" >/dev/null && tell "ufw lets TCP port $1 in."
  elif command -v firewall-cmd >/dev/null 2>&1 && firewall-cmd --state >/dev/null 2>&1; then
    firewall-cmd --permanent --add-port="$1/tcp" >/dev/null && firewall-cmd --add-port="$1/tcp" >/dev/null &&
      tell "firewalld lets TCP port $1 in."
  else
    for tables in iptables ip6tables; do
      rules=$(limited 10 "$tables" -S INPUT 2>/dev/null) || continue
      printf '%s\n' "$rules" | grep -Eq 'DROP|REJECT' || continue
      "$tables" -C INPUT -p tcp --dport "$1" -j ACCEPT 2>/dev/null && continue
      "$tables" -I INPUT -p tcp --dport "$1" -j ACCEPT &&
        tell "$tables lets TCP port $1 in, by a rule in front of its others that holds until the next boot."
    done
  fi
}
)sh";

constexpr std::string_view ssh_code = R"sh(program=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$program" ] || fail "there is no sshd on the machine"
[ -d /run/sshd ] || mkdir -p /run/sshd
if ! ls /etc/ssh/ssh_host_*_key >/dev/null 2>&1; then
  ssh-keygen -A >/dev/null && tell "sshd had no host keys: new ones were made."
fi
tries=0
until why=$("$program" -t 2>&1); do
  tries=$((tries + 1))
  case $why in
    *"UNPROTECTED PRIVATE KEY"*)
      chmod 600 /etc/ssh/ssh_host_*_key
      tell "Others could read the host keys: they cannot any more."
      ;;
    *)
      place=$(printf '%s\n' "$why" | sed -n 's/^\(\/[^ :]*\):\{0,1\} line \([0-9][0-9]*\): .*/\1 \2/p' | head -n 1)
      [ -n "$place" ] && [ "$tries" -lt 30 ] || fail "sshd refuses its configuration: $why"
      file=${place% *} line=${place##* }
      [ -e "$file.before-doctor" ] || cp -p "$file" "$file.before-doctor"
      tell "sshd refused line $line of $file, \"$(sed -n "${line}p" "$file")\": it is a comment now ($file.before-doctor is the file as it was)."
      sed -i "${line}s/^/# docker-machine doctor: /" "$file"
      ;;
  esac
done
entry=$(getent passwd "$user" 2>/dev/null || grep "^$user:" /etc/passwd) || fail "there is no user \"$user\" on the machine"
home=$(printf '%s\n' "$entry" | cut -d: -f6) group=$(printf '%s\n' "$entry" | cut -d: -f4)
login_shell=$(printf '%s\n' "$entry" | cut -d: -f7)
case $login_shell in
  */nologin | */false) usable= ;;
  *) if [ -x "${login_shell:-/bin/sh}" ]; then usable=yes; else usable=; fi ;;
esac
if [ -z "$usable" ]; then
  usermod --shell /bin/sh "$user" && tell "The user $user had the shell $login_shell and could not log in: it has /bin/sh now."
fi
setting() {
  "$program" -T -C "user=$user,host=localhost,addr=127.0.0.1" 2>/dev/null | sed -n "s/^$1 //p" | head -n 1
}
days=$(($(date +%s) / 86400)) account=$(grep "^$user:" /etc/shadow 2>/dev/null)
ends=$(printf '%s\n' "$account" | cut -d: -f8)
if [ -n "$ends" ] && [ "$ends" -le "$days" ]; then
  chage --expiredate -1 "$user" && tell "The account of $user had expired: it has no end any more."
fi
case $(printf '%s\n' "$account" | cut -d: -f2) in
  '!'*)
    # Without PAM, sshd refuses a locked account, also one with a key. With "*" nobody can use a password either.
    if [ "$(setting usepam)" != yes ]; then
      usermod --password '*' "$user" && tell "The account of $user was locked: it takes keys again, and no password."
    fi
    ;;
esac
if [ -n "$public_key" ]; then
  keys=$(setting authorizedkeysfile)
  keys=${keys%% *}
  keys=$(printf '%s\n' "${keys:-.ssh/authorized_keys}" | sed -e "s|%h|$home|g" -e "s|%u|$user|g" -e 's|%%|%|g')
  case $keys in
    /*) ;;
    *) keys=$home/$keys ;;
  esac
  folder=${keys%/*}
  if [ ! -d "$folder" ]; then
    mkdir -p "$folder" && chmod 700 "$folder" && chown "$user:$group" "$folder"
  fi
  if ! grep -v '^[[:space:]]*#' "$keys" 2>/dev/null | grep -qF "${public_key#* }"; then
    [ ! -s "$keys" ] || [ -z "$(tail -c 1 "$keys")" ] || echo >>"$keys"
    if [ ! -e "$keys" ]; then : >"$keys" && chmod 600 "$keys" && chown "$user:$group" "$keys"; fi
    printf '%s\n' "$public_key" >>"$keys" || fail "$keys cannot be written: is the disk full?"
    tell "Our public key was not in $keys: it is again."
  fi
  # What sshd asks of these, unless StrictModes is off.
  for path in "$home" "$folder" "$keys"; do
    case $path in
      "$home"*) ;;
      *) continue ;;
    esac
    if [ "$(stat -c %u "$path")" != "$(id -u "$user")" ]; then
      tell "$path belonged to $(stat -c %U "$path"): it belongs to $user again."
      chown "$user:$group" "$path"
    fi
    mode=$(stat -c %a "$path")
    chmod go-w,u+rwX "$path"
    [ "$mode" = "$(stat -c %a "$path")" ] || tell "The mode of $path was $mode: it is $(stat -c %a "$path") now."
  done
fi
if command -v systemctl >/dev/null 2>&1; then
  unit=sshd
  systemctl cat ssh.service >/dev/null 2>&1 && unit=ssh
  case $(systemctl is-enabled "$unit" 2>/dev/null) in
    masked*) systemctl unmask "$unit" >/dev/null 2>&1 && tell "The service $unit was masked: it is not any more." ;;
  esac
  if ! limited 5 systemctl is-active --quiet "$unit.socket"; then
    if ! systemctl is-enabled --quiet "$unit" 2>/dev/null; then
      systemctl enable "$unit" >/dev/null 2>&1 && tell "The service $unit starts at each boot again."
    fi
    was=$(limited 5 systemctl is-active "$unit")
    systemctl reset-failed "$unit" 2>/dev/null
    # Sessions go on.
    why=$(limited 120 systemctl restart "$unit" 2>&1) || fail "the service $unit does not start: $why"
    if [ "$was" = active ]; then tell "The service $unit was restarted."; else tell "The service $unit was $was: it was started."; fi
  fi
else
  { rc-service sshd restart || service sshd restart || service ssh restart || /etc/init.d/sshd restart; } >/dev/null 2>&1 ||
    fail "the service of sshd does not start"
  tell "sshd was restarted."
fi
tries=0
until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq "^ *[0-9]+: [0-9A-F]+:$port_hex [0-9A-F]+:0000 0A "; do
  tries=$((tries + 1))
  [ "$tries" -lt 25 ] || fail "sshd listens on port $(setting port), and the machine is known by port $port"
  sleep 0.2 2>/dev/null || sleep 1
done
open_port "$port"
[ "$(setting pubkeyauthentication)" != no ] || warn "sshd takes no keys (PubkeyAuthentication no)."
if [ "$user" = root ] && [ "$(setting permitrootlogin)" = no ]; then warn "sshd lets root not in (PermitRootLogin no)."; fi
for rule in allowusers denyusers allowgroups denygroups; do
  if [ -n "$(setting $rule)" ]; then warn "sshd has a rule who may come in: $rule $(setting $rule)."; fi
done
)sh";

constexpr std::string_view disk_code = R"sh(free_now() {
  free=0
  for folder in / /var/lib/docker; do
    set -- $(df -Pk "$folder" 2>/dev/null | tail -n 1)
    free=$((free + ${4:-0}))
  done
}
engine() { limited 100 docker -H unix:///var/run/docker.sock "$@"; }
step() {
  what=$1
  shift
  free_now
  before=$free
  "$@" >/dev/null 2>&1
  free_now
  gained=$(((free - before) / 1024))
  if [ "$gained" -gt 0 ]; then
    total=$((total + gained))
    tell "$what: $gained MiB."
  fi
}
clean_packages() {
  if command -v apt-get; then apt-get clean; fi
  if command -v dnf; then dnf -q clean all; elif command -v yum; then yum -q clean all; fi
  if command -v zypper; then zypper -n clean --all; fi
  if command -v pacman; then pacman -Scc --noconfirm; fi
  if command -v apk; then apk cache clean; fi
  return 0
}
total=0
step "Downloaded packages" clean_packages
if command -v journalctl >/dev/null 2>&1; then step "Old lines of the journal" journalctl --vacuum-size=64M; fi
if command -v docker >/dev/null 2>&1; then
  step "Images without a name that no container uses" engine image prune --force
  step "Build cache" engine builder prune --force
fi
[ "$total" -gt 0 ] || tell "There was nothing to be removed without loss."
for folder in / /var/lib/docker; do
  for kind in k i; do
    set -- $(df "-P$kind" "$folder" 2>/dev/null | tail -n 1)
    case ${5%\%} in
      9[5-9] | 100)
        tell "$folder is still at $5. What is large there: $(limited 20 du -xk -d 2 "$folder" 2>/dev/null |
          sort -rn | sed -n '2,5p' | while read -r size path; do printf '%s (%s MiB) ' "$path" $((size / 1024)); done)"
        engine system df 2>/dev/null | while read -r row; do tell "docker system df: $row"; done
        break
        ;;
    esac
  done
done
)sh";

constexpr std::string_view host_keys_code = R"sh(PATH="$PATH:/usr/sbin:/sbin"
files=$(sshd -T 2>/dev/null | sed -n 's/^hostkey //p')
for file in ${files:-/etc/ssh/ssh_host_*_key}; do
  ssh-keygen -y -f "$file" 2>/dev/null || cat "$file.pub" 2>/dev/null
done
exit 0
)sh";

// An engine that hangs cannot be asked: it has live-restore if its file said so when it was started.
// "containerd-shim-runc-v2" is cut to 15 letters there.
constexpr std::string_view containers_code = R"sh(if grep -qsx containerd-shim /proc/[0-9]*/comm; then
  process=$(systemctl show --property=MainPID docker 2>/dev/null | sed 's/^MainPID=//')
  if grep -Eq '"live-restore": *true' /etc/docker/daemon.json 2>/dev/null &&
    [ /etc/docker/daemon.json -ot "/proc/${process:-none}" ] &&
    systemctl show --property=KillMode docker | grep -Eq '=(process|none)$'; then
    tell "Its containers go on, by live-restore."
  else
    fail "its running containers would stop for a restart, since it hangs and cannot be told to keep them running"
  fi
fi
)sh";

constexpr std::string_view engine_file = "/etc/docker/daemon.json";
constexpr std::string_view file_aside = "/etc/docker/daemon.json.refused-by-engine";

void run(RemoteHost& host, ScriptPart part, Privilege privilege, Task& task) {
  Script script;
  script.add(std::move(part));
  run_script(host, script, privilege, task);
}

void restart(RemoteHost& host, const MachineFacts& facts, int port, Task& task) {
  Script script;
  for (auto& part : restart_parts(*facts.distribution->services, port)) script.add(std::move(part));
  run_script(host, script, facts.privilege, task);
}

bool is_about_its_file(const Error& error) {
  return std::string_view(error.what()).contains("unable to configure the Docker daemon with file");
}

}  // namespace

void repair_ssh(RemoteHost& host, const SshRepair& repair, Privilege privilege, Task& task) {
  const std::string variables =
      fmt::format("user={}\nport={}\nport_hex={:04X}\npublic_key={}\n", shell_quote(repair.user), repair.port,
                  repair.port, shell_quote(repair.public_key));
  run(host,
      {"mending SSH", std::string(firewall_functions) + variables + std::string(ssh_code), seconds(170)},
      privilege, task);
}

void open_port(RemoteHost& host, int port, Privilege privilege, Task& task) {
  run(host,
      {"opening the port", std::string(firewall_functions) + fmt::format("open_port {}\n", port),
       seconds(30)},
      privilege, task);
}

void free_disk(RemoteHost& host, Privilege privilege, Task& task) {
  run(host, {"freeing disk space", std::string(disk_code), seconds(300)}, privilege, task);
}

void set_clock(RemoteHost& host, std::chrono::system_clock::time_point time, Privilege privilege,
               Task& task) {
  const std::string code = fmt::format(
      R"sh(why=$(date -s "@{}" 2>&1 >/dev/null) || fail "the clock cannot be set: $why"
tell "The clock was set."
hwclock --systohc >/dev/null 2>&1 || :
if command -v timedatectl >/dev/null 2>&1 && limited 10 timedatectl set-ntp true >/dev/null 2>&1; then
  tell "It follows a time server (timedatectl set-ntp true)."
fi
for unit in chrony chronyd ntp ntpd; do
  if systemctl is-active --quiet "$unit" 2>/dev/null; then limited 20 systemctl restart "$unit"; fi
done
)sh",
      std::chrono::system_clock::to_time_t(time));
  run(host, {"setting the clock", code, seconds(60)}, privilege, task);
}

void enable_engine(RemoteHost& host, const MachineFacts& facts, Task& task) {
  run(host,
      {"enabling the engine", facts.distribution->services->enable + "\ntell \"It starts at each boot.\"\n",
       seconds(30)},
      facts.privilege, task);
}

void start_engine(RemoteHost& host, const MachineFacts& facts, int port, Task& task) {
  try {
    restart(host, facts, port, task);
    return task.info("It was started.");
  } catch (const Error& error) {
    // With another folder for its data, the engine would come up without the user's containers.
    const bool elsewhere = facts.engine_file.contains("data-root") || facts.engine_file.contains("\"graph\"");
    if (!is_about_its_file(error) || facts.engine_file.empty() || elsewhere) throw;
  }
  run(host, {"setting its file aside", fmt::format("mv -f {} {}\n", engine_file, file_aside)},
      facts.privilege, task);
  try {
    restart(host, facts, port, task);
  } catch (const Error&) {
    run(host, {"putting its file back", fmt::format("mv -f {} {}\n", file_aside, engine_file)},
        facts.privilege, task);
    throw;
  }
  task.info(fmt::format("It refused its file {}, which is {} now, and was started without it.", engine_file,
                        file_aside));
}

void restart_hanging_engine(RemoteHost& host, const MachineFacts& facts, int port, Task& task) {
  Script script;
  script.add({"looking after running containers", std::string(containers_code), seconds(30)});
  for (auto& part : restart_parts(*facts.distribution->services, port)) script.add(std::move(part));
  run_script(host, script, facts.privilege, task);
  task.info("It was restarted.");
}

std::string read_host_keys(RemoteHost& host, Privilege privilege, Task& task) {
  const auto result = host.run(
      {.line = shell_for(privilege), .input = std::string(host_keys_code), .limit = seconds(30)}, task);
  return result.output;
}

}  // namespace dm
