// What cloud-init is told at an instance's first boot.
#include "drivers/amazonec2/user_data.h"

#include <fmt/core.h>

#include "base/error.h"
#include "drivers/cloud_init.h"

namespace dm {
namespace {

/// Before base64: EC2's documentation of RunInstances.
constexpr size_t longest_user_data = 16384;

/// Moves the SSH server to another port, before it starts or in the midst of its life. Where systemd listens
/// for it (Ubuntu 22.10 and later), a generator of newer releases reads the server's own settings; others
/// need the port in the socket's.
constexpr auto move_ssh = R"(port={}
if grep -qsi '^ *Include */etc/ssh/sshd_config.d/' /etc/ssh/sshd_config; then
  mkdir -p /etc/ssh/sshd_config.d
  echo "Port $port" >/etc/ssh/sshd_config.d/00-docker-machine.conf
elif ! grep -qs "^Port $port\$" /etc/ssh/sshd_config; then
  sed -i -e '/^ *Port /d' -e "1i Port $port" /etc/ssh/sshd_config
fi
if command -v semanage >/dev/null && command -v selinuxenabled >/dev/null && selinuxenabled; then
  semanage port -a -t ssh_port_t -p tcp "$port" || semanage port -m -t ssh_port_t -p tcp "$port"
fi
command -v systemctl >/dev/null || {{ rc-service sshd --ifstarted restart; exit 0; }}
if systemctl is-enabled -q ssh.socket 2>/dev/null; then
  if ! ls /usr/lib/systemd/system-generators/sshd-socket-generator >/dev/null 2>&1; then
    mkdir -p /etc/systemd/system/ssh.socket.d
    printf '[Socket]\nListenStream=\nListenStream=%s\n' "$port" >/etc/systemd/system/ssh.socket.d/docker-machine.conf
  fi
  systemctl daemon-reload
  systemctl --no-block try-restart ssh.socket
fi
systemctl --no-block try-restart ssh.service sshd.service
true
)";

Json cloud_config(const FirstBoot& boot) {
  Json config{
      {"hostname", boot.hostname},
      {"preserve_hostname", false},
      {"users", Json::array({login_user(boot.user, boot.authorized_key)})},
      {"ssh_pwauth", false},
      {"ssh_deletekeys", true},
      {"ssh_keys", {{"ecdsa_private", boot.host_key}, {"ecdsa_public", boot.host_public_key}}},
  };
  if (boot.user == "root") config["disable_root"] = false;
  // Every boot, since the server's settings may have been replaced by an update; it changes nothing twice.
  if (boot.ssh_port != 22) {
    const std::string script = fmt::format(move_ssh, boot.ssh_port);
    config["bootcmd"] = Json::array({Json::array({"sh", "-c", script})});
  }
  return config;
}

}  // namespace

std::string user_data_of(const FirstBoot& boot) {
  std::string text = merged_user_data(cloud_config(boot), boot.own);
  if (text.size() > longest_user_data) {
    throw Error(fmt::format("the user-data is {} bytes long, of which {} are ours, and EC2 takes {}: let "
                            "--amazonec2-userdata name a shorter file, e.g. one with #include and a URL",
                            text.size(), text.size() - boot.own.size(), longest_user_data),
                Reason::check_failed);
  }
  return text;
}

}  // namespace dm
