// User-data for cloud-init, ours and the user's in one.
#include "drivers/cloud_init.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/strings.h"

namespace dm {
namespace {

/// The MIME headers for the user's own data; text that is MIME already brings its own.
std::string headers_for(const std::string& user_data) {
  if (lower(user_data.substr(0, 13)) == "content-type:" || lower(user_data.substr(0, 13)) == "mime-version:")
    return "";
  struct Kind {
    std::string_view start, type;
  };
  for (const auto& [start, type] : {Kind{"#cloud-config-archive", "text/cloud-config-archive"},
                                    {"#cloud-config", "text/cloud-config"},
                                    {"#!", "text/x-shellscript"},
                                    {"#include-once", "text/x-include-once-url"},
                                    {"#include", "text/x-include-url"},
                                    {"#cloud-boothook", "text/cloud-boothook"},
                                    {"## template: jinja", "text/jinja2"}}) {
    // Lists are joined, and what we say of the machine itself stays.
    if (user_data.starts_with(start)) {
      return fmt::format(
          "Content-Type: {}; charset=\"utf-8\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n"
          "X-Merge-Type: list(append)+dict(no_replace,recurse_list)+str()\n\n",
          type);
    }
  }
  throw Error(
      "the user-data file is nothing that cloud-init knows: its first line has to be \"#cloud-config\", "
      "\"#!…\" or another of cloud-init's",
      Reason::usage);
}

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

}  // namespace

Json login_user(const std::string& name, const std::string& authorized_key) {
  // root is there already and has a shell and all rights.
  if (name == "root") return {{"name", name}, {"ssh_authorized_keys", Json::array({authorized_key})}};
  Json user{{"name", name},
            {"gecos", "docker-machine"},
            {"groups", Json::array({"docker"})},
            {"sudo", "ALL=(ALL) NOPASSWD:ALL"},
            {"shell", "/bin/bash"},
            {"lock_passwd", true},
            {"ssh_authorized_keys", Json::array({authorized_key})}};
  // An image with an engine has this group already, and then useradd refuses to make it for the user.
  if (name == "docker") user["primary_group"] = "docker";
  return user;
}

std::string merged_user_data(const Json& ours, const std::string& own) {
  // JSON is YAML in which nothing needs guessing about quotes.
  const std::string config = "#cloud-config\n" + ours.dump(1, ' ', true) + "\n";
  if (trim(own).empty()) return config;
  const std::string boundary = "==" + random_hex(32) + "==";
  return fmt::format(
      "Content-Type: multipart/mixed; boundary=\"{0}\"\nMIME-Version: 1.0\n\n"
      "--{0}\nContent-Type: text/cloud-config; charset=\"utf-8\"\nMIME-Version: 1.0\n\n{1}\n"
      "--{0}\n{2}{3}\n--{0}--\n",
      boundary, config, headers_for(own), own);
}

Json listen_for_ssh_on(long long port) { return Json::array({"sh", "-c", fmt::format(move_ssh, port)}); }

}  // namespace dm
