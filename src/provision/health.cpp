// How a machine is doing, asked in one command.
#include "provision/health.h"

#include <fmt/core.h>

#include <cstdlib>
#include <map>

#include "base/strings.h"
#include "provision/facts.h"

namespace dm {
namespace {

// Some answers need root (the journal), hence sudo where it works. What may hang has a limit of its own, so
// that one hanging thing does not hide all others.
constexpr std::string_view health_script = R"sh(docker_machine() {
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
elevate=
if [ "$(id -u)" = 0 ]; then
  echo privilege=root
elif ! command -v sudo >/dev/null; then
  echo privilege=none
elif sudo -n true; then
  echo privilege=sudo
  elevate='sudo -n'
else
  echo privilege=refused
fi
echo "time=$(date +%s)"
limited() {
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}
for folder in / /var/lib/docker; do
  # Without root, the inside of that folder may be hidden, but not the folder.
  [ -d "$folder" ] || continue
  echo "disk=$folder $(limited 3 df -Pk "$folder" | tail -n 1)"
  echo "inodes=$folder $(limited 3 df -Pi "$folder" | tail -n 1)"
done
if [ -d /run/systemd/system ]; then
  state=$(limited 5 systemctl is-active docker)
  echo "engine=$state"
  echo "boot=$(limited 5 systemctl is-enabled docker)"
  [ "$state" = active ] ||
    limited 5 $elevate journalctl --unit=docker --lines=12 --no-pager --output=cat | sed 's/^/journal:/'
fi
if [ -e /run/systemd/timesync/synchronized ] || limited 2 chronyc -n tracking | grep -q 'Leap status *: Normal'; then
  echo synchronized=yes
fi
if cat /proc/net/tcp /proc/net/tcp6 | grep -Eq '^ *[0-9]+: [0-9A-F]+:@port@ [0-9A-F]+:0000 0A '; then
  echo listens=yes
fi
# "containerd-shim-runc-v2" is cut to 15 letters there.
echo "containers=$(grep -sx containerd-shim /proc/[0-9]*/comm | wc -l)"
for folder in /etc/docker /var/lib/boot2docker /var/lib/rancher/conf; do
  if [ -e "$folder/server.pem" ]; then $elevate sed 's/^/server:/' "$folder/server.pem"; fi
done
echo end=yes
} 2>/dev/null
docker_machine </dev/null
exit 0
)sh";

/// A line of df behind the folder's name: "FOLDER DEVICE TOTAL USED FREE USE% MOUNT".
struct DfLine {
  std::string folder, device;
  long long free = 0;
  int percent = -1;
};

DfLine df_line(const std::string& text) {
  std::vector<std::string> words;
  for (auto& word : split(text, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (words.size() < 6) return {};
  return {
      .folder = words[0],
      .device = words[1] + " " + words.back(),
      .free = std::strtoll(words[4].c_str(), nullptr, 10),
      .percent = words[5].ends_with('%') ? number_or_minus_one(words[5].substr(0, words[5].size() - 1)) : -1};
}

}  // namespace

RemoteCommand health_command(int engine_port) {
  return {.line = shell_for(Privilege::none),
          .input = replace_all(std::string(health_script), "@port@", fmt::format("{:04X}", engine_port)),
          .limit = std::chrono::seconds(15)};
}

Health parse_health(const std::string& output) {
  Health health;
  bool complete = false;
  std::map<std::string, DfLine> seen;  // by device
  for (const auto& line : split(output, '\n')) {
    const auto end = line.find_first_of("=:");
    if (end == std::string::npos) continue;
    const std::string key = line.substr(0, end), value = line.substr(end + 1);
    if (key == "privilege") health.privilege = privilege_named(value);
    if (key == "time") health.time = std::chrono::system_clock::from_time_t(std::atoll(value.c_str()));
    if (key == "synchronized") health.clock_is_synchronized = true;
    if (key == "engine") health.engine_state = value;
    if (key == "boot") health.engine_at_boot = value;
    if (key == "journal") health.journal += value + "\n";
    if (key == "listens") health.engine_listens = true;
    if (key == "containers") health.containers = number_or_minus_one(trim(value));
    if (key == "server") health.server_certificate += value + "\n";
    if (key == "end") complete = true;
    const DfLine disk = df_line(value);
    if (key == "disk" && !disk.folder.empty() && seen.emplace(disk.device, disk).second) {
      health.disks.push_back(
          {.path = disk.folder, .bytes_percent = disk.percent, .free_kilobytes = disk.free});
    }
    for (auto& known : health.disks) {
      if (key == "inodes" && known.path == disk.folder) known.inodes_percent = disk.percent;
    }
  }
  if (!complete) {
    throw Error(fmt::format("the machine did not answer as a POSIX shell does, but: {}",
                            go_quote(trim(output).substr(0, 300))));
  }
  return health;
}

}  // namespace dm
