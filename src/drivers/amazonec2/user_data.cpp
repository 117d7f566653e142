// What cloud-init is told at an instance's first boot.
#include "drivers/amazonec2/user_data.h"

#include <fmt/core.h>

#include "base/error.h"
#include "drivers/cloud_init.h"

namespace dm {
namespace {

/// Before base64: EC2's documentation of RunInstances.
constexpr size_t longest_user_data = 16384;

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
  if (boot.ssh_port != 22) config["bootcmd"] = Json::array({listen_for_ssh_on(boot.ssh_port)});
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
