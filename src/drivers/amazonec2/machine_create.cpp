// Making an instance and what belongs to it. Whatever is about to be made is noted in the record first.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/amazonec2/machine.h"
#include "drivers/amazonec2/user_data.h"
#include "keys/digest.h"
#include "keys/key_pair.h"

namespace dm {
namespace {

constexpr auto start_limit = std::chrono::minutes(5), address_limit = std::chrono::minutes(1);
/// A group that another machine has just removed is made again this often.
constexpr int most_rounds = 3;

long long seconds_now(const Task& task) { return std::chrono::system_clock::to_time_t(task.clock().now()); }

/// Whether a refusal says that nothing was made. A failure inside of AWS does not; nor does what may have
/// befallen only a repetition, whose first try was carried out and lost its answer.
bool is_certain(const AwsError& error) {
  if (error.is_throttling() || error.reason() == Reason::authentication_failed) return false;
  return std::ranges::none_of(
      std::array{"Internal", "Unavailable", "ServiceUnavailable", "Idempotent", "Request"},
      [&](const char* start) { return error.code().starts_with(start); });
}

std::string key_pair_name(const CommonSettings& common, const Ec2Settings& settings) {
  // Machines of other stores may have the same name, and what is removed must surely be ours.
  return common.machine_name + "-" + settings.id.substr(0, 8);
}

}  // namespace

void Ec2Machine::making(const std::string& kind, const Save& save, const Task& task,
                        const std::function<void()>& work) {
  if (std::ranges::find(settings_.making, kind) == settings_.making.end()) settings_.making.push_back(kind);
  settings_.making_since = seconds_now(task);
  save();
  try {
    work();
  } catch (const AwsError& error) {
    if (is_certain(error)) std::erase(settings_.making, kind);
    throw;
  }
  std::erase(settings_.making, kind);
  save();
}

/// Ours and the user's; what serves several machines gets no machine's name.
AwsTags Ec2Machine::tags(const std::string& machine) const {
  AwsTags tags{{store_tag, settings_.store_id}};
  if (!machine.empty()) {
    tags.emplace_back(machine_tag, machine);
    tags.emplace_back(id_tag, settings_.id);
    tags.emplace_back("Name", machine);
  }
  for (const auto& [key, value] : tags_of(settings_.tags)) {
    const auto same = std::ranges::find(tags, key, &std::pair<std::string, std::string>::first);
    if (same == tags.end()) {
      tags.emplace_back(key, value);
    } else if (key == "Name") {
      same->second = value;
    }
  }
  return tags;
}

/// The keys on both sides, so that already the first contact is between acquaintances.
Ec2Machine::Identity Ec2Machine::write_identity(const Ec2Plan& plan) {
  Identity identity;
  std::string private_pem;
  const std::string& path = settings_.private_key_path;
  if (path.empty()) {
    const KeyPair login = make_rsa_key();
    private_pem = login.private_pem;
    identity.public_line = login.public_ssh_line;
  } else {
    private_pem = in_context("unable to create key pair", [&] { return read_file(path); });
    const auto beside = read_file_if_there(path + ".pub");
    identity.public_line = trim(beside ? *beside : plan.key_pair_public);
  }
  const KeyPair host = make_ecdsa_key();
  write_file(common_.ssh_key_path, private_pem, private_file);
  write_file(common_.ssh_key_path + ".pub", identity.public_line + "\n", 0644);
  write_file(machine_file(common_, "known_hosts"), common_.machine_name + " " + host.public_ssh_line + "\n",
             private_file);
  identity.user_data =
      base64_of(user_data_of({.hostname = common_.machine_name,
                              .user = common_.ssh_user,
                              .authorized_key = identity.public_line,
                              .host_key = host.private_pem,
                              .host_public_key = host.public_ssh_line + " " + common_.machine_name,
                              .ssh_port = static_cast<int>(common_.ssh_port),
                              .own = own_user_data()}));
  return identity;
}

void Ec2Machine::make_key_pair(const std::string& public_line, const Save& save, Task& task) {
  if (settings_.existing_key) return;
  settings_.key_name = key_pair_name(common_, settings_);
  save();
  QueryParameters parameters;
  parameters.add("KeyName", settings_.key_name).add("PublicKeyMaterial", base64_of(public_line));
  parameters.add_tags("key-pair", tags(common_.machine_name));
  try {
    settings_.key_pair_id = ec2_.call("ImportKeyPair", parameters, task).text("keyPairId");
  } catch (const AwsError& error) {
    // Nobody else has a key pair of this name: the answer to our own first try was lost.
    if (error.code() != "InvalidKeyPair.Duplicate") throw;
    QueryParameters question;
    question.add_filter("key-name", {settings_.key_name});
    for (const auto& node : ec2_.call("DescribeKeyPairs", question, task).items("keySet"))
      settings_.key_pair_id = text_at(node, "keyPairId");
  }
  save();
}

void Ec2Machine::make_groups(Ec2Plan& plan, const Save& save, Task& task) {
  for (const auto& name : plan.missing_groups) {
    making("security group", save, task, [&] {
      plan.groups.push_back(make_group(ec2_, name, plan.places[0].vpc_id, tags(""), task));
      const SecurityGroup& group = plan.groups.back();
      settings_.group_ids.push_back(group.id);
      if (group.store == settings_.store_id) settings_.made_groups.push_back(group.id);
    });
  }
  plan.missing_groups.clear();
  settings_.group_ids.clear(), settings_.made_groups.clear();
  for (const auto& group : plan.groups) {
    settings_.group_ids.push_back(group.id);
    if (!settings_.store_id.empty() && group.store == settings_.store_id)
      settings_.made_groups.push_back(group.id);
  }
  save();
  if (settings_.group_read_only) return;
  for (auto& group : plan.groups) open_wanted_ports(group, save, task);
}

void Ec2Machine::open_wanted_ports(SecurityGroup& group, const Save& save, Task& task) {
  std::vector<OpenPort> missing;
  for (const auto& port : ports_of(settings_, common_)) {
    const auto same = [&](const OpenPort& other) {
      return other.port == port.port && other.protocol == port.protocol;
    };
    if (!group.opens(port) && std::ranges::none_of(missing, same)) missing.push_back(port);
  }
  // Also if a machine of the store has opened all before us: the last one that goes closes it.
  // The original has no store, and nothing of its own to close.
  const std::string opened = text_of({group.id, settings_.store_id});
  const auto has = [](const auto& list, const std::string& text) {
    return std::ranges::find(list, text) != list.end();
  };
  if (!settings_.store_id.empty() && !has(settings_.made_groups, group.id) &&
      !has(settings_.opened_groups, opened)) {
    settings_.opened_groups.push_back(opened);
    save();
  }
  if (missing.empty()) return;
  const Reach reach = settings_.ipv6_count > 0 ? Reach::v4_and_v6 : Reach::v4;
  open_ports(ec2_, group, missing, reach, settings_.store_id.empty() ? AwsTags() : tags(""), task);
  for (const auto& port : missing) group.rules.push_back({port.protocol, port.port, port.port});
}

void Ec2Machine::make_address(const Save& save, Task& task) {
  if (settings_.elastic_ip.empty()) return;
  if (settings_.elastic_ip != "allocate") {
    settings_.allocation_id = settings_.elastic_ip;
    return save();
  }
  making("address", save, task, [&] {
    QueryParameters parameters;
    parameters.add("Domain", std::string("vpc")).add_tags("elastic-ip", tags(common_.machine_name));
    settings_.allocation_id =
        ec2_.call("AllocateAddress", parameters, task, Repetition::harmful).text("allocationId");
    settings_.address_made = true;
  });
}

void Ec2Machine::take_over(const Ec2Instance& instance, const Save& save) {
  settings_.instance_id = instance.id;
  if (!instance.type.empty()) settings_.instance_type = instance.type;
  if (!instance.subnet_id.empty()) settings_.subnet_id = instance.subnet_id;
  if (!instance.zone.empty()) {
    const bool is_letter = instance.zone.size() == settings_.region.size() + 1;
    settings_.zone = is_letter ? instance.zone.substr(settings_.region.size()) : instance.zone;
  }
  settings_.spot_request_id = instance.spot_request_id;
  settings_.private_address = instance.private_address;
  save();
}

LaunchContent Ec2Machine::content_with(const std::string& user_data) const {
  return {.group_ids = settings_.group_ids,
          .key_name = settings_.key_name,
          .user_data = user_data,
          .tags = tags(common_.machine_name)};
}

/// Tries one after the other; what was refused for want of room or by a limit may be had elsewhere.
void Ec2Machine::run_attempts(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save,
                              Task& task) {
  const LaunchContent content = content_with(user_data);
  const auto attempts = attempts_of(plan, settings_);
  for (size_t i = 0; i < attempts.size(); ++i) {
    const LaunchAttempt& attempt = attempts[i];
    QueryParameters parameters = run_parameters(settings_, plan, content, attempt);
    parameters.add("ClientToken", fmt::format("{}-{}-{}", settings_.id, round, i));
    try {
      making("instance", save, task, [&] {
        const auto instances = instances_in(ec2_.call("RunInstances", parameters, task));
        if (instances.empty()) throw Error("EC2 says that it launched the instance, and names none");
        take_over(instances[0], save);
      });
      return;
    } catch (const AwsError& error) {
      if (!is_worth_another_attempt(error) || i + 1 == attempts.size()) throw;
      task.info(fmt::format("{} {} in {} cannot be had: {}",
                            attempt.market == Market::spot ? "A spot instance" : "An instance", attempt.type,
                            attempt.place.zone, error.what()));
    }
  }
}

/// A group may go in the very moment that we want to use it, with the last machine that did.
void Ec2Machine::launch(Ec2Plan& plan, const std::string& user_data, const Save& save, Task& task) {
  for (int round = 1;; ++round) {
    try {
      if (settings_.use_fleet) return run_fleet(plan, user_data, round, save, task);
      return run_attempts(plan, user_data, round, save, task);
    } catch (const Error& error) {
      const bool lost_group = std::string_view(error.what()).contains("InvalidGroup.NotFound") ||
                              std::string_view(error.what()).contains("InvalidSecurityGroupID.NotFound");
      if (!lost_group || round == most_rounds) throw;
      plan.groups.clear();
      plan_groups(plan, task);
      make_groups(plan, save, task);
    }
  }
}

/// An address that is ours whatever becomes of the instance's state.
void Ec2Machine::use_address(Task& task) {
  QueryParameters parameters;
  parameters.add("AllocationId", settings_.allocation_id).add("InstanceId", settings_.instance_id);
  // The user's own may have got another use since it was checked.
  parameters.add("AllowReassociation", settings_.address_made);
  ec2_.call("AssociateAddress", parameters, task);
}

/// It may come a moment after the instance runs.
void Ec2Machine::wait_for_address(Task& task) {
  Task limited = task.within(address_limit);
  try {
    for (Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(8)); common_.address.empty();) {
      if (!observe(limited).endpoint.address.empty()) return;
      backoff.pause(limited);
    }
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out || limited.left().count() > 0) throw;
    throw Error(
        fmt::format("the instance {} runs without an address that could be used: does its subnet give "
                    "addresses, and is --amazonec2-use-private-address needed?",
                    settings_.instance_id));
  }
}

void Ec2Machine::create(const Save& save, Task& task) {
  Ec2Plan plan = plan_ ? *plan_ : make_plan(task);
  if (!plan.image.id.empty()) {
    settings_.ami = plan.image.id;
    settings_.image_name = plan.image.name;
    task.info(fmt::format("Image: {} ({})", plan.image.name, plan.image.id));
  }
  if (settings_.device_name.empty()) settings_.device_name = plan.image.root_device;
  if (!plan.places[0].vpc_id.empty()) settings_.vpc_id = plan.places[0].vpc_id;
  task.info("Launching instance...");
  try {
    const Identity identity = write_identity(plan);
    make_groups(plan, save, task);
    make_address(save, task);
    make_key_pair(identity.public_line, save, task);
    launch(plan, identity.user_data, save, task);
  } catch (const AwsError& error) {
    if (!is_quota(error)) throw;
    remove(task);
    save();
    throw Error(error.what(), Reason::check_failed);
  }
  task.info("Waiting for the instance to run...");
  const Ec2Instance instance = wait_for("running", start_limit, task);
  take_over(instance, save);
  if (!settings_.allocation_id.empty()) {
    use_address(task);
    common_.address.clear();
  }
  wait_for_address(task);
  save();
}

Json Ec2Machine::record() const {
  Json record = record_;
  common_to_record(common_, record);
  ec2_settings().to_record(settings_, record);
  return record;
}

}  // namespace dm
