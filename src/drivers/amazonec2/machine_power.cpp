// The life of an instance: its state, its address.
#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/amazonec2/machine.h"
#include "drivers/reboot.h"
#include "drivers/shared_answer.h"

namespace dm {
namespace {

constexpr auto start_limit = std::chrono::minutes(5), stop_limit = std::chrono::minutes(10);
constexpr auto reboot_limit = std::chrono::minutes(5), answer_limit = std::chrono::minutes(1);
/// How old an answer may be that processes share.
constexpr auto shared_age = std::chrono::milliseconds(1500);
constexpr int most_misses = 3;
constexpr auto first_pause = std::chrono::seconds(1), longest_pause = std::chrono::seconds(8);

QueryParameters parameters_for(const std::string& instance_id) {
  QueryParameters parameters;
  parameters.add_list("InstanceId", {instance_id});
  return parameters;
}

}  // namespace

std::string Ec2Machine::address_of(const Ec2Instance& instance) const {
  if (settings_.ipv6_only) return instance.ipv6_address;
  if (settings_.use_private || settings_.private_only) return instance.private_address;
  return instance.public_address;
}

/// An address counts only while the instance runs: the next start may bring another one.
void Ec2Machine::note(const Ec2Instance& instance) {
  if (!instance.private_address.empty()) settings_.private_address = instance.private_address;
  common_.address = instance.state == "running" ? address_of(instance) : "";
}

std::string Ec2Machine::epitaph(const Ec2Instance* instance) const {
  const std::string what =
      instance == nullptr
          ? fmt::format("there is no instance {} in {} any more", settings_.instance_id, settings_.region)
          : fmt::format("the instance {} was terminated{}", settings_.instance_id,
                        instance->reason.empty() ? "" : " (" + instance->reason + ")");
  return fmt::format("{}: \"docker-machine rm {}\" removes what is left", what, common_.machine_name);
}

std::optional<Ec2Instance> Ec2Machine::look(View view, Task& task) {
  Ec2Instances instances;
  if (view == View::own || settings_.store_id.empty()) {
    instances = instances_of(ec2_, {settings_.instance_id}, task);
  } else {
    const Json answer = shared_answer(
        cache_folder(), account_name(settings_) + " " + settings_.store_id, shared_age, task, [&] {
          return json_of(instances_where(ec2_, std::string("tag:") + store_tag, {settings_.store_id}, task));
        });
    instances = instances_from(answer);
  }
  const auto found = instances.find(settings_.instance_id);
  if (found == instances.end()) return std::nullopt;
  return found->second;
}

Ec2Instance Ec2Machine::wait_for(const std::string& state, Milliseconds limit, Task& task) {
  Task limited = task.within(limit);
  std::optional<Ec2Instance> instance;
  int misses = 0;
  try {
    for (Backoff backoff(first_pause, longest_pause);; backoff.pause(limited)) {
      // Somebody may have taken its tag away, by which all are found together.
      instance = look(misses < most_misses ? View::shared : View::own, limited);
      misses = instance ? 0 : misses + 1;
      if (instance && instance->is_gone() && state != "terminated") throw Error(epitaph(&*instance));
      if (instance && instance->state == state) {
        note(*instance);
        return *instance;
      }
    }
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out || limited.left().count() > 0) throw;
    throw Error(fmt::format("the instance {} is not {} after {} minutes, but {}", settings_.instance_id,
                            state, std::chrono::duration_cast<std::chrono::minutes>(limit).count(),
                            instance ? instance->state : "unknown to EC2"),
                Reason::timed_out);
  }
}

Surveyed Ec2Machine::surveyed(const Ec2Instance* instance) {
  Surveyed outcome;
  epitaph_.clear();
  if (instance != nullptr && !instance->is_gone()) {
    note(*instance);
    outcome.observation.state = state_of(*instance);
  } else {
    common_.address.clear();
    outcome.observation.state = State::error;
    if (!settings_.instance_id.empty()) epitaph_ = epitaph(instance);
    outcome.error =
        Error(epitaph_.empty() ? "it has no instance: its creation did not come so far" : epitaph_);
  }
  outcome.observation.endpoint = endpoint();
  return outcome;
}

Observation Ec2Machine::observe(Task& task) {
  if (settings_.instance_id.empty()) return surveyed(nullptr).observation;
  const auto instances = instances_of(ec2_, {settings_.instance_id}, task);
  const auto found = instances.find(settings_.instance_id);
  const Surveyed outcome = surveyed(found == instances.end() ? nullptr : &found->second);
  if (outcome.error) task.debug(outcome.error->what());
  return outcome.observation;
}

Endpoint Ec2Machine::endpoint() const {
  return {.address = common_.address,
          .ssh = ssh_target_of(common_),
          .docker_url = docker_url_of(common_.address, default_engine_port)};
}

void Ec2Machine::restart(Task& task) {
  const SshTarget target = ssh_target_of(common_);
  std::string before;
  try {
    Task limited = task.within(answer_limit);
    before = boot_id(target, services_.ssh, limited);
  } catch (const Error& error) {
    // One restarts machines because they do not answer.
    task.debug(error.what());
  }
  ec2_.call("RebootInstances", parameters_for(settings_.instance_id), task);
  if (!before.empty()) wait_for_other_boot(before, target, services_.ssh, reboot_limit, task);
}

void Ec2Machine::power(Power power, Task& task) {
  if (settings_.instance_id.empty())
    throw Error(
        fmt::format("the machine has no instance, since its creation failed: \"docker-machine rm {}\" "
                    "removes it",
                    common_.machine_name));
  if (!epitaph_.empty()) throw Error(epitaph_);
  QueryParameters parameters = parameters_for(settings_.instance_id);
  try {
    switch (power) {
      case Power::start:
        ec2_.call("StartInstances", parameters, task);
        wait_for("running", start_limit, task);
        break;
      case Power::stop:
      case Power::kill:
        parameters.add("Force", power == Power::kill);
        ec2_.call("StopInstances", parameters, task);
        common_.address.clear();
        wait_for("stopped", stop_limit, task);
        break;
      case Power::restart:
        restart(task);
        break;
    }
  } catch (const AwsError& error) {
    // Somebody may have terminated it behind our back: that says more than what is refused because of it.
    const auto instances = instances_of(ec2_, {settings_.instance_id}, task);
    const auto found = instances.find(settings_.instance_id);
    if (found == instances.end()) throw Error(epitaph(nullptr));
    if (found->second.is_gone()) throw Error(epitaph(&found->second));
    throw;
  }
}

}  // namespace dm
