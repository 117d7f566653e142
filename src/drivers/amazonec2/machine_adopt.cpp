// An instance that was not made by us becomes ours.
#include <algorithm>

#include "drivers/amazonec2/instance_connect.h"
#include "drivers/amazonec2/machine.h"
#include "drivers/amazonec2/region.h"

namespace dm {
namespace {

OpenPort engine_port() { return {.port = default_engine_port}; }

}  // namespace

bool needs_port(const Ec2Settings& settings, const std::vector<SecurityGroup>& groups) {
  if (settings.group_read_only || groups.empty()) return false;
  return std::ranges::none_of(groups, [](const SecurityGroup& group) { return group.opens(engine_port()); });
}

void Ec2Machine::claim(const std::string& store_id, const Save& save, Task& task) {
  move_to_store(store_id, task);
  save();
  if (settings_.group_ids.empty()) return;
  const auto groups = find_groups(ec2_, settings_.group_ids, settings_.vpc_id, task);
  if (!needs_port(settings_, groups)) return;
  settings_.opened_groups.push_back(text_of({groups.front().id, store_id}));
  save();
  open_ports(ec2_, groups.front(), {engine_port()}, settings_.ipv6_count > 0 ? Reach::v4_and_v6 : Reach::v4,
             tags(""), task);
}

bool Ec2Machine::let_in(const std::string& public_line, Task& task) {
  const std::string service = "ec2-instance-connect";
  const std::string url = settings_.endpoint.empty() ? endpoint_of(service, settings_.region)
                                                     : endpoint_url(settings_.endpoint, settings_.insecure);
  send_ssh_public_key(services_.http, url, settings_.region,
                      cache_.credentials(credential_source(settings_), services_, task),
                      {.instance_id = settings_.instance_id,
                       .zone = zone_name(settings_.region, settings_.zone),
                       .user = common_.ssh_user,
                       .public_line = public_line},
                      task);
  return true;
}

}  // namespace dm
