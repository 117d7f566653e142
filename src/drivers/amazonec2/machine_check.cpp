// What is found out, and refused, before anything is made.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/amazonec2/machine.h"
#include "drivers/amazonec2/user_data.h"
#include "keys/digest.h"
#include "keys/key_pair.h"

namespace dm {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(text, Reason::check_failed); }

/// As long as a key of 4096 bits can be.
constexpr size_t longest_public_key = 750;

}  // namespace

const std::string& Ec2Machine::own_user_data() {
  if (own_user_data_) return *own_user_data_;
  if (settings_.user_data_file.empty()) return own_user_data_.emplace();
  own_user_data_ = in_context("unable to read --amazonec2-userdata file",
                              [&] { return read_file(settings_.user_data_file); });
  return *own_user_data_;
}

LaunchTemplate Ec2Machine::find_template(Task& task) {
  const auto colon = settings_.launch_template.find(':');
  const std::string name = settings_.launch_template.substr(0, colon);
  const std::string version =
      colon == std::string::npos ? "$Default" : settings_.launch_template.substr(colon + 1);
  QueryParameters parameters;
  parameters.add(name.starts_with("lt-") ? "LaunchTemplateId" : "LaunchTemplateName", name);
  parameters.add_list("LaunchTemplateVersion", {version});
  const auto versions =
      ec2_.call("DescribeLaunchTemplateVersions", parameters, task).items("launchTemplateVersionSet");
  if (versions.empty())
    refuse(fmt::format("there is no launch template \"{}\": see --amazonec2-launch-template",
                       settings_.launch_template));
  const auto& found = versions[0];
  const pugi::xml_node data = found.child("launchTemplateData");
  LaunchTemplate result{.id = text_at(found, "launchTemplateId"),
                        .version = text_at(found, "versionNumber"),
                        .image_id = text_at(data, "imageId"),
                        .instance_type = text_at(data, "instanceType")};
  result.has_groups = !items_of(data, "securityGroupIdSet").empty() ||
                      !items_of(data, "securityGroupSet").empty() ||
                      !items_of(data, "networkInterfaceSet").empty();
  return result;
}

/// Which types, and that each is offered somewhere in the places.
void Ec2Machine::plan_types(Ec2Plan& plan, Task& task) {
  plan.types = settings_.instance_types;
  if (plan.types.empty() && plan.launch_template) plan.types = {plan.launch_template->instance_type};
  std::erase(plan.types, "");
  if (plan.types.empty()) refuse("no instance type is given: see --amazonec2-instance-type");
  plan.type_facts =
      find_types(ec2_, plan.types, settings_.region, account_name(settings_), cache_folder(), task);
  for (const auto& type : plan.types) {
    const auto& zones = plan.type_facts.at(type).zones;
    const bool somewhere = std::ranges::any_of(
        plan.places, [&](const Ec2Place& place) { return place.zone.empty() || zones.contains(place.zone); });
    if (!somewhere) {
      refuse(
          fmt::format("the instance type {} is not offered in {}, but in {}: see --amazonec2-zone and "
                      "--amazonec2-subnet-id",
                      type, plan.places[0].zone, join({zones.begin(), zones.end()}, ", ")));
    }
  }
}

void Ec2Machine::plan_image(Ec2Plan& plan, Task& task) {
  const std::string of_template = plan.launch_template ? plan.launch_template->image_id : "";
  if (settings_.ami.empty() && of_template.starts_with("resolve:")) return;  // EC2 itself finds out.
  std::vector<std::string> common = plan.type_facts.at(plan.types[0]).architectures;
  for (const auto& type : plan.types) {
    const auto& own = plan.type_facts.at(type).architectures;
    std::erase_if(common, [&](const auto& one) { return std::ranges::find(own, one) == own.end(); });
  }
  if (common.empty())
    refuse(fmt::format("the instance types {} have no architecture in common, so no image fits all of them",
                       join(plan.types, ", ")));
  plan.image =
      find_image(ec2_, settings_.ami.empty() ? of_template : settings_.ami, settings_.region, common, task);
}

void Ec2Machine::plan_groups(Ec2Plan& plan, Task& task) {
  std::vector<std::string> wanted = settings_.group_names;
  if (wanted.empty() && !(plan.launch_template && plan.launch_template->has_groups))
    wanted = Ec2Settings{}.group_names;
  if (wanted.empty()) return;
  plan.groups = find_groups(ec2_, wanted, plan.places[0].vpc_id, task);
  for (const auto& name : wanted) {
    const bool there = std::ranges::any_of(
        plan.groups, [&](const SecurityGroup& group) { return group.name == name || group.id == name; });
    if (!there) plan.missing_groups.push_back(name);
  }
  if (settings_.group_read_only && !plan.missing_groups.empty()) {
    refuse(fmt::format(
        "there is no security group \"{}\" in {}, and --amazonec2-security-group-readonly forbids "
        "to make it",
        plan.missing_groups[0], plan.places[0].vpc_id));
  }
}

void Ec2Machine::check_key_pair(Ec2Plan& plan, Task& task) {
  std::error_code ignored;
  const std::string& path = settings_.private_key_path;
  if (!path.empty() && !fs::exists(path, ignored)) refuse("SSH key does not exist: " + go_quote(path));
  if (settings_.existing_key) {
    QueryParameters parameters;
    parameters.add_filter("key-name", {settings_.key_name}).add("IncludePublicKey", true);
    const auto pairs = ec2_.call("DescribeKeyPairs", parameters, task).items("keySet");
    if (pairs.empty()) {
      refuse(fmt::format("There is no keypair with the name {}. Please verify the key name provided.",
                         settings_.key_name));
    }
    plan.key_pair_public = trim(text_at(pairs[0], "publicKey"));
  }
  if (!path.empty() && plan.key_pair_public.empty() && !fs::exists(path + ".pub", ignored))
    refuse("the public key of the SSH key does not exist: " + go_quote(path + ".pub"));
}

/// The user's own address: it must be there, and must not be taken from another machine.
void Ec2Machine::check_address(Task& task) {
  if (settings_.elastic_ip.empty() || settings_.elastic_ip == "allocate") return;
  QueryParameters parameters;
  parameters.add_filter("allocation-id", {settings_.elastic_ip});
  const auto addresses = ec2_.call("DescribeAddresses", parameters, task).items("addressesSet");
  if (addresses.empty()) {
    refuse(fmt::format("there is no Elastic IP address {} in {}: see --amazonec2-elastic-ip",
                       settings_.elastic_ip, settings_.region));
  }
  if (text_at(addresses[0], "associationId").empty()) return;
  const std::string instance = text_at(addresses[0], "instanceId");
  refuse(
      fmt::format("the Elastic IP address {} is in use by {}: disassociate it, or see --amazonec2-elastic-ip",
                  settings_.elastic_ip, instance.empty() ? "a network interface" : instance));
}

/// Asks whether the launch would be allowed, with all that it needs but what is still to be made.
void Ec2Machine::check_permission(const Ec2Plan& plan, Task& task) {
  LaunchContent content{.tags = tags(common_.machine_name)};
  for (const auto& group : plan.groups) content.group_ids.push_back(group.id);
  if (settings_.existing_key) content.key_name = settings_.key_name;
  content.user_data = base64_of(user_data_of({.hostname = common_.machine_name,
                                              .user = common_.ssh_user,
                                              .authorized_key = std::string(longest_public_key, 'A'),
                                              .host_key = make_ecdsa_key().private_pem,
                                              .host_public_key = std::string(longest_public_key / 4, 'A'),
                                              .ssh_port = static_cast<int>(common_.ssh_port),
                                              .own = own_user_data()}));
  QueryParameters parameters = run_parameters(settings_, plan, content, attempts_of(plan, settings_).front());
  parameters.add("DryRun", true);
  try {
    ec2_.call("RunInstances", parameters, task);
  } catch (const AwsError& error) {
    if (error.code() != "DryRunOperation" && !is_worth_another_attempt(error)) throw;
    if (is_quota(error)) throw;
  }
}

Ec2Plan Ec2Machine::make_plan(Task& task) {
  Ec2Plan plan;
  own_user_data();  // What can be refused without asking anybody is refused first.
  if (!settings_.launch_template.empty()) plan.launch_template = find_template(task);
  const bool placed = !settings_.subnet_ids.empty() || !settings_.vpc_id.empty() || !settings_.zones.empty();
  const bool left_to_template =
      plan.launch_template && plan.launch_template->has_groups && settings_.group_names.empty() && !placed;
  plan.places = left_to_template ? std::vector<Ec2Place>(1) : find_places(ec2_, settings_, task);
  plan_types(plan, task);
  plan_image(plan, task);
  plan_groups(plan, task);
  check_key_pair(plan, task);
  check_address(task);
  check_permission(plan, task);
  return plan;
}

void Ec2Machine::check(Task& task) {
  if (has_odd_tags(settings_.tags)) {
    task.warn(
        fmt::format("Tags are not key value in pairs. {} elements found", split(settings_.tags, ',').size()));
  }
  plan_ = make_plan(task);
}

}  // namespace dm
