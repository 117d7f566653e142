// The end of an instance and of what belongs to it.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/machine.h"

namespace dm {
namespace {

/// What EC2 was told to make is to be found by its tags after this time, if ever.
constexpr auto appearing_limit = std::chrono::seconds(15);
/// An instance needs a minute or two until it has left its groups.
constexpr auto group_limit = std::chrono::minutes(5);
constexpr auto address_limit = std::chrono::minutes(2);

/// The names of what make_groups() may have made.
std::vector<std::string> group_names_to_make(const Ec2Settings& settings) {
  std::vector<std::string> names =
      settings.group_names.empty() ? Ec2Settings{}.group_names : settings.group_names;
  std::erase_if(names, [](const std::string& name) { return name.starts_with("sg-"); });
  return names;
}

void add_unique(std::vector<std::string>& list, const std::string& value) {
  if (!value.empty() && std::ranges::find(list, value) == list.end()) list.push_back(value);
}

}  // namespace

void Ec2Machine::look_for_begun(Begun& begun, Task& task) {
  const std::string own_filter = std::string("tag:") + id_tag;
  const auto begins = [&](const char* kind) {
    return std::ranges::find(settings_.making, kind) != settings_.making.end();
  };
  if (begins("instance")) {
    for (const auto& [id, instance] : instances_where(ec2_, own_filter, {settings_.id}, task)) {
      if (!instance.is_gone()) add_unique(begun.instance_ids, id);
    }
  }
  const auto find = [&](const char* action, const char* list, const char* id, const std::string& filter,
                        const std::string& value, std::vector<std::string>& found) {
    QueryParameters parameters;
    parameters.add_filter(filter, {value});
    for (const auto& node : ec2_.call(action, parameters, task).items(list))
      add_unique(found, text_at(node, id));
  };
  if (begins("address"))
    find("DescribeAddresses", "addressesSet", "allocationId", own_filter, settings_.id, begun.allocation_ids);
  if (begins("launch template")) find_templates(begun.template_ids, task);
  if (begins("security group")) find_groups_of_store(begun.group_ids, task);
}

/// Of the names that we want; all machines of the store share them.
void Ec2Machine::find_groups_of_store(std::vector<std::string>& found, Task& task) {
  QueryParameters parameters;
  parameters.add_filter(std::string("tag:") + store_tag, {settings_.store_id});
  parameters.add_filter("group-name", group_names_to_make(settings_));
  for (const auto& node : ec2_.call("DescribeSecurityGroups", parameters, task).items("securityGroupInfo"))
    add_unique(found, text_at(node, "groupId"));
}

bool Ec2Machine::has_all_begun(const Begun& begun) const {
  return std::ranges::all_of(settings_.making, [&](const std::string& kind) {
    if (kind == "instance") return !begun.instance_ids.empty();
    if (kind == "address") return !begun.allocation_ids.empty();
    if (kind == "launch template") return !begun.template_ids.empty();
    return begun.group_ids.size() >= group_names_to_make(settings_).size();
  });
}

/// Whether something may be so new that EC2 does not show it everywhere.
bool Ec2Machine::is_fresh(const Task& task) const {
  // The moment is from before the call, which may have waited for minutes until EC2 let it in.
  const std::chrono::seconds age(std::chrono::system_clock::to_time_t(task.clock().now()) -
                                 settings_.making_since);
  return age.count() >= 0 && age <= QueryClient::call_limit + appearing_limit;
}

/// What was about to be made when we were killed. EC2 shows it a few seconds late, so that who comes soon
/// after has to look more than once.
Ec2Machine::Begun Ec2Machine::find_begun(Task& task) {
  Begun begun;
  if (settings_.making.empty() || settings_.store_id.empty()) return begun;
  const Task looking = task.within(is_fresh(task) ? appearing_limit : Milliseconds(0));
  for (Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(5));; backoff.pause(task)) {
    look_for_begun(begun, task);
    if (looking.left().count() == 0 || has_all_begun(begun)) return begun;
  }
}

void Ec2Machine::terminate(const std::vector<std::string>& ids, Task& task) {
  const Task appearing = task.within(is_fresh(task) ? appearing_limit : Milliseconds(0));
  for (const auto& id : ids) {
    QueryParameters parameters;
    parameters.add_list("InstanceId", {id});
    for (Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(5));; backoff.pause(task)) {
      try {
        ec2_.call("TerminateInstances", parameters, task);
        break;
      } catch (const AwsError& error) {
        if (!error.is_not_found()) throw;
        // One that was just launched is not known everywhere, and runs all the same.
        if (appearing.left().count() > 0) continue;
        task.warn("Remote instance does not exist, proceeding with removing local reference");
        break;
      }
    }
  }
}

void release(const QueryClient& ec2, const std::string& allocation_id, Task& task) {
  QueryParameters parameters;
  parameters.add("AllocationId", allocation_id);
  const Task limited = task.within(address_limit);
  for (Backoff backoff(std::chrono::seconds(2), std::chrono::seconds(10));;) {
    try {
      ec2.call("ReleaseAddress", parameters, task);
      return;
    } catch (const AwsError& error) {
      if (error.is_not_found()) return;
      // The instance that is being terminated holds it a little longer.
      if (error.code() != "InvalidIPAddress.InUse" || limited.left() < std::chrono::seconds(3)) throw;
    }
    backoff.pause(limited);
  }
}

void Ec2Machine::release_address(const std::string& allocation_id, Task& task) {
  QueryParameters parameters;
  parameters.add_filter("allocation-id", {allocation_id});
  for (const auto& node : ec2_.call("DescribeAddresses", parameters, task).items("addressesSet")) {
    const std::string association = text_at(node, "associationId");
    if (association.empty()) continue;
    QueryParameters end;
    end.add("AssociationId", association);
    try {
      ec2_.call("DisassociateAddress", end, task);
    } catch (const AwsError& error) {
      if (!error.is_not_found()) throw;
    }
  }
  release(ec2_, allocation_id, task);
}

/// The last machine of the store that uses it takes the group with it.
void Ec2Machine::leave_group(const std::string& group_id, Task& task) {
  if (is_used(ec2_, group_id, settings_.instance_id, task)) return;
  if (!delete_group(ec2_, group_id, group_limit, task)) {
    task.warn(
        fmt::format("The security group {} stays, since something else in the account uses it; "
                    "\"docker-machine orphans\" shows it",
                    group_id));
  }
}

/// The rules that a store made in a group; its tags tell.
static std::vector<std::string> rules_of(const QueryClient& ec2, const OpenedGroup& opened, Task& task) {
  QueryParameters question;
  question.add_filter("group-id", {opened.group_id});
  question.add_filter(std::string("tag:") + store_tag, {opened.store_id});
  std::vector<std::string> rules;
  for (const auto& page : ec2.call_pages("DescribeSecurityGroupRules", question, task)) {
    for (const auto& node : page.items("securityGroupRuleSet"))
      rules.push_back(text_at(node, "securityGroupRuleId"));
  }
  return rules;
}

void revoke_rules(const QueryClient& ec2, const OpenedGroup& opened, Task& task) {
  const auto rules = rules_of(ec2, opened, task);
  if (rules.empty()) return;
  QueryParameters parameters;
  parameters.add("GroupId", opened.group_id).add_list("SecurityGroupRuleId", rules);
  try {
    ec2.call("RevokeSecurityGroupIngress", parameters, task);
  } catch (const AwsError& error) {
    if (!error.is_not_found()) throw;
  }
}

/// What we opened in a group of somebody else, unless another machine may need it.
void Ec2Machine::close_ports(const OpenedGroup& opened, Task& task) {
  if (is_used(ec2_, opened.group_id, settings_.instance_id, task)) return;
  try {
    revoke_rules(ec2_, opened, task);
  } catch (const AwsError& error) {
    if (!error.is_not_found()) throw;
  }
}

void Ec2Machine::remove(Task& task) {
  std::vector<std::string> failures;
  const auto attempt = [&](auto&& work) {
    try {
      work();
    } catch (const Error& error) {
      failures.emplace_back(error.what());
    }
  };
  Begun begun;
  attempt([&] { begun = find_begun(task); });
  add_unique(begun.instance_ids, settings_.instance_id);
  if (settings_.address_made) add_unique(begun.allocation_ids, settings_.allocation_id);
  add_unique(begun.template_ids, settings_.made_template_id);
  for (const auto& id : settings_.made_groups) add_unique(begun.group_ids, id);

  attempt([&] { terminate(begun.instance_ids, task); });
  // Groups and addresses are held by an instance that could not be terminated.
  const bool terminated = failures.empty();
  if (!settings_.spot_request_id.empty() && terminated) {
    attempt([&] {
      QueryParameters parameters;
      parameters.add_list("SpotInstanceRequestId", {settings_.spot_request_id});
      try {
        ec2_.call("CancelSpotInstanceRequests", parameters, task);
      } catch (const AwsError& error) {
        if (!error.is_not_found()) throw;
      }
    });
  }
  if (!settings_.existing_key && !settings_.key_name.empty()) {
    attempt([&] {
      QueryParameters parameters;
      parameters.add("KeyName", settings_.key_name);
      ec2_.call("DeleteKeyPair", parameters, task);
    });
  }
  for (const auto& id : begun.template_ids) attempt([&] { remove_template(id, task); });
  if (terminated) {
    for (const auto& id : begun.allocation_ids) attempt([&] { release_address(id, task); });
    for (const auto& id : begun.group_ids) attempt([&] { leave_group(id, task); });
    for (const auto& text : settings_.opened_groups) attempt([&] { close_ports(opened_group(text), task); });
  }
  if (!failures.empty()) throw Error(join(failures, "\n"));
  settings_.instance_id.clear(), settings_.allocation_id.clear(), settings_.made_template_id.clear();
  settings_.made_groups.clear(), settings_.opened_groups.clear(), settings_.group_ids.clear();
  settings_.making.clear(), settings_.spot_request_id.clear(), common_.address.clear();
  settings_.address_made = false;
}

/// Calls an action on tags of things.
static void call_on_tags(const QueryClient& ec2, const char* action, const std::vector<std::string>& ids,
                         const AwsTags& tags, Task& task) {
  if (ids.empty() || tags.empty()) return;
  QueryParameters parameters;
  parameters.add_list("ResourceId", ids);
  for (size_t i = 0; i < tags.size(); ++i) {
    parameters.add(fmt::format("Tag.{}.Key", i + 1), tags[i].first);
    parameters.add(fmt::format("Tag.{}.Value", i + 1), tags[i].second);
  }
  ec2.call(action, parameters, task);
}

void tag(const QueryClient& ec2, const std::vector<std::string>& ids, const AwsTags& tags, Task& task) {
  call_on_tags(ec2, "CreateTags", ids, tags, task);
}

void untag(const QueryClient& ec2, const std::vector<std::string>& ids, const AwsTags& tags, Task& task) {
  call_on_tags(ec2, "DeleteTags", ids, tags, task);
}

std::vector<std::string> Ec2Machine::tagged_ids(Task& task) {
  std::vector<std::string> ids;
  for (const auto& [id, instance] : instances_of(ec2_, {settings_.instance_id}, task)) {
    if (instance.is_gone()) continue;
    ids.push_back(id);
    for (const auto& volume : instance.volume_ids) add_unique(ids, volume);
  }
  add_unique(ids, settings_.key_pair_id);
  if (settings_.address_made) add_unique(ids, settings_.allocation_id);
  return ids;
}

/// The key pair keeps its name, by which it is known: only its tags change.
void Ec2Machine::take_name(const std::string& /*former*/, Task& task) {
  AwsTags names = tags(common_.machine_name);
  std::erase_if(names, [](const auto& pair) { return pair.first != machine_tag && pair.first != "Name"; });
  tag(ec2_, tagged_ids(task), names, task);
}

void Ec2Machine::move_to_store(const std::string& store_id, Task& task) {
  const std::vector<std::string> ids = tagged_ids(task);
  std::vector<std::string> shared;
  // A group that other machines use stays theirs.
  const auto take_rules = [&](const std::string& group_id) {
    for (const auto& rule : rules_of(ec2_, {group_id, settings_.store_id}, task)) add_unique(shared, rule);
  };
  for (const auto& id : settings_.made_groups) {
    if (is_used(ec2_, id, settings_.instance_id, task)) continue;
    add_unique(shared, id);
    take_rules(id);
  }
  for (auto& text : settings_.opened_groups) {
    const OpenedGroup opened = opened_group(text);
    if (opened.store_id != settings_.store_id || is_used(ec2_, opened.group_id, settings_.instance_id, task))
      continue;
    take_rules(opened.group_id);
    text = text_of(OpenedGroup{opened.group_id, store_id});
  }
  tag(ec2_, ids, {{store_tag, store_id}, {machine_tag, common_.machine_name}, {id_tag, settings_.id}}, task);
  // Groups and their rules may serve further machines of that store.
  tag(ec2_, shared, {{store_tag, store_id}}, task);
  settings_.store_id = store_id;
}

}  // namespace dm
