// What changes at EC2 while an instance lives.
#include <algorithm>

#include "drivers/amazonec2/machine.h"
#include "drivers/amazonec2/security_group.h"

namespace dm {

void Ec2Machine::change_tags(const std::string& former, Task& task) {
  AwsTags wanted = tags(common_.machine_name);
  const auto is_ours = [](const auto& pair) { return pair.first.starts_with("docker-machine:"); };
  std::erase_if(wanted, is_ours);
  AwsTags gone = tags_of(former);
  std::erase_if(gone, [&](const auto& pair) {
    const auto same_key = [&](const auto& other) { return other.first == pair.first; };
    return is_ours(pair) || std::ranges::any_of(wanted, same_key);
  });
  const std::vector<std::string> ids = tagged_ids(task);
  tag(ec2_, ids, wanted, task);
  untag(ec2_, ids, gone, task);
}

void Ec2Machine::apply(const Json& former, const Save& save, Task& task) {
  const Ec2Settings before = ec2_settings().from_record(former);
  if (before.tags != settings_.tags) {
    task.info("Changing the tags...");
    change_tags(before.tags, task);
  }
  if (before.open_ports != settings_.open_ports) {
    if (settings_.group_read_only)
      throw Error(
          "--amazonec2-open-port: the machine was made with --amazonec2-security-group-readonly, so that "
          "nothing is opened in its groups");
    task.info("Opening ports...");
    for (auto& group : find_groups(ec2_, settings_.group_ids, "", task)) open_wanted_ports(group, save, task);
  }
}

}  // namespace dm
