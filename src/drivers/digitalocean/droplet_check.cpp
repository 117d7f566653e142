// What is refused before anything is made.
#include <fmt/core.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/cloud_init.h"
#include "drivers/digitalocean/droplet.h"
#include "drivers/digitalocean/marks.h"
#include "drivers/digitalocean/offer.h"

namespace dm {
namespace {

constexpr size_t most_user_data = 65536;
/// What our own part of the user-data takes, generously.
constexpr size_t room_for_ours = 4096;

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::check_failed); }

bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::exception&) {
    return false;
  }
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

void DropletMachine::check(Task& task) {
  check_files();
  check_name();
  check_account(task);
  settle_offer(api_, settings_, task);
  check_key(task);
  check_vpc(task);
  check_project(task);
  task.info(
      fmt::format("Image {} on size {} in region {}", settings_.image, settings_.size, settings_.region));
}

void DropletMachine::check_files() const {
  if (!settings_.user_data.empty()) {
    if (!exists(settings_.user_data))
      refuse(fmt::format("user-data file {} could not be found", settings_.user_data));
    const std::string text = merged_user_data(Json::object(), read_file(settings_.user_data));
    if (!is_utf8(text)) {
      refuse(fmt::format("the user-data file {} is not UTF-8, which is all that the API takes",
                         settings_.user_data));
    }
    if (text.size() + room_for_ours > most_user_data) {
      refuse(
          fmt::format("the user-data file {} is too long: with what is added to it, it may have 64 KiB, "
                      "which leaves {} bytes",
                      settings_.user_data, most_user_data - room_for_ours));
    }
  }
  if (settings_.key_file.empty()) return;
  if (settings_.key_fingerprint.empty())
    refuse(fmt::format("ssh-key-fingerprint needs to be provided for {}", go_quote(settings_.key_file)));
  if (!exists(settings_.key_file))
    refuse(fmt::format("SSH key does not exist: {}", go_quote(settings_.key_file)));
  in_context("unable to read the SSH key", [&] { return read_file(settings_.key_file); });
}

void DropletMachine::check_name() const {
  const std::string& name = common_.machine_name;
  if (name.ends_with('-') || name.ends_with('.'))
    refuse(fmt::format("a droplet's name must end with a letter or digit, and \"{}\" does not", name));
  if (machine_tag(settings_.store_id, name, settings_.id).size() > 255)
    refuse(fmt::format("the name \"{}\" is too long for a droplet and its tag", name));
}

/// Is the token good, and is there room for one more? A token that may not read the account learns that from
/// the order itself.
void DropletMachine::check_account(Task& task) {
  const DigitalOceanAnswer answer = api_.get("/v2/account", task);
  if (answer.status == 403) return task.debug(answer.failure().what());
  if (!answer.ok()) throw answer.failure();
  const Json account = answer.part("account");
  if (text_of(account, "status") == "locked")
    refuse("the DigitalOcean account is locked: " + text_of(account, "status_message"));
  const auto total_of = [&](const std::string& list) {
    return number_of(member_of(api_.fetch("/v2/" + list + "?per_page=1", task), "meta"), "total");
  };
  const long long limit = number_of(account, "droplet_limit", -1);
  const long long droplets = total_of("droplets");
  if (limit >= 0 && droplets >= limit) {
    refuse(
        fmt::format("the account has {} droplets, and its limit is {}: remove one, or ask DigitalOcean for "
                    "a higher limit",
                    droplets, limit));
  }
  const long long most_addresses = number_of(account, "floating_ip_limit", -1);
  if (!settings_.wants_reserved_ip || most_addresses < 0) return;
  if (const long long addresses = total_of("reserved_ips"); addresses >= most_addresses) {
    refuse(
        fmt::format("the account has {} reserved IPs, and its limit is {}: remove one, or ask "
                    "DigitalOcean for a higher limit",
                    addresses, most_addresses));
  }
}

void DropletMachine::check_key(Task& task) {
  if (settings_.key_fingerprint.empty()) return;
  const DigitalOceanAnswer answer = api_.get("/v2/account/keys/" + url_word(settings_.key_fingerprint), task);
  if (answer.is_missing()) {
    refuse(
        fmt::format("Digital Ocean SSH key with fingerprint {} doesn't exist ({}). Register it, or leave "
                    "--digitalocean-ssh-key-fingerprint out",
                    settings_.key_fingerprint, answer.failure().what()));
  }
  if (!answer.ok()) throw answer.failure();
  const Json key = answer.part("ssh_key");
  settings_.key_id = number_of(key, "id");
  public_key_ = trim(text_of(key, "public_key"));
  check_refers_to_file(public_key_);
}

/// A private key whose public half lies beside it has to be the registered one.
void DropletMachine::check_refers_to_file(const std::string& public_line) const {
  if (settings_.key_file.empty()) return;
  const auto beside = read_file_if_there(settings_.key_file + ".pub");
  if (!beside || md5_fingerprint(*beside) == md5_fingerprint(public_line)) return;
  refuse(fmt::format("{} is not the key with the fingerprint {}: its fingerprint is {}",
                     go_quote(settings_.key_file), settings_.key_fingerprint, md5_fingerprint(*beside)));
}

void DropletMachine::check_vpc(Task& task) {
  if (settings_.vpc.empty()) return;
  const DigitalOceanAnswer answer = api_.get("/v2/vpcs/" + url_word(settings_.vpc), task);
  if (answer.is_missing()) {
    refuse(
        fmt::format("{}. There is no VPC \"{}\": --digitalocean-vpc-uuid takes the UUID of one in region {}",
                    answer.failure().what(), settings_.vpc, settings_.region));
  }
  if (!answer.ok()) throw answer.failure();
  const std::string region = text_of(answer.part("vpc"), "region");
  if (region != settings_.region) {
    refuse(fmt::format("the VPC {} is in region {}, and the droplet is to be in {}", settings_.vpc, region,
                       settings_.region));
  }
}

void DropletMachine::check_project(Task& task) {
  if (settings_.project.empty()) return;
  std::vector<std::string> names;
  for (const auto& project : api_.list("/v2/projects", "projects", task)) {
    names.push_back(text_of(project, "name"));
    if (settings_.project != text_of(project, "id") && settings_.project != names.back()) continue;
    settings_.project_id = text_of(project, "id");
    return;
  }
  refuse(fmt::format("there is no project \"{}\": --digitalocean-project may be {}", settings_.project,
                     join(names, ", ")));
}

}  // namespace dm
