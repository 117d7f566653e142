// CreateFleet: EC2 chooses among types, zones and markets. It takes all else from a launch template, so that
// one is made for the moment.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "drivers/amazonec2/machine.h"

namespace dm {
namespace {

/// EC2's limit of overrides for a fleet that is made at once.
constexpr size_t most_overrides = 300;

std::string errors_in(const XmlAnswer& answer) {
  std::vector<std::string> errors;
  for (const auto& node : answer.items("errorSet")) {
    std::string text = fmt::format("{}: {}", text_at(node, "errorCode"), text_at(node, "errorMessage"));
    if (std::ranges::find(errors, text) == errors.end()) errors.push_back(std::move(text));
  }
  return errors.empty() ? "EC2 gives no reason" : join(errors, "; ");
}

std::string instance_in(const XmlAnswer& answer) {
  for (const auto& set : answer.items("fleetInstanceSet")) {
    for (const auto& id : items_of(set, "instanceIds")) return id.text().as_string();
  }
  return {};
}

/// The parts of "ID:VERSION"; the version is empty if there is none.
std::pair<std::string, std::string> parts_of(const std::string& id) {
  const auto colon = id.find(':');
  return {id.substr(0, colon), colon == std::string::npos ? "" : id.substr(colon + 1)};
}

QueryParameters fleet_parameters(const Ec2Settings& settings, const Ec2Plan& plan, Market market) {
  const bool spot = market == Market::spot;
  const auto [template_id, version] = parts_of(settings.made_template_id);
  QueryParameters parameters;
  parameters.add("Type", std::string("instant")).add("TargetCapacitySpecification.TotalTargetCapacity", 1LL);
  parameters.add("TargetCapacitySpecification.DefaultTargetCapacityType",
                 std::string(spot ? "spot" : "on-demand"));
  if (spot && !settings.spot_strategy.empty())
    parameters.add("SpotOptions.AllocationStrategy", settings.spot_strategy);
  const std::string start = "LaunchTemplateConfigs.1.",
                    specification = start + "LaunchTemplateSpecification.";
  parameters.add(specification + "LaunchTemplateId", template_id);
  parameters.add(specification + "Version", version.empty() ? "1" : version);
  size_t number = 0;
  for (const auto& attempt : attempts_of(plan, settings)) {
    if (attempt.market != market || ++number > most_overrides) continue;
    const std::string override = fmt::format("{}Overrides.{}.", start, number);
    parameters.add(override + "InstanceType", attempt.type);
    if (!attempt.place.subnet_id.empty()) parameters.add(override + "SubnetId", attempt.place.subnet_id);
    if (spot && !settings.spot_price.empty()) parameters.add(override + "MaxPrice", settings.spot_price);
  }
  return parameters;
}

}  // namespace

void Ec2Machine::make_template(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save,
                               Task& task) {
  if (!settings_.made_template_id.empty()) {  // It names groups that are lost.
    remove_template(settings_.made_template_id, task);
    settings_.made_template_id.clear();
    save();
  }
  QueryParameters parameters;
  parameters.add("ClientToken", fmt::format("{}-{}-t", settings_.id, round))
      .add("VersionDescription", settings_.id);
  describe_instance(parameters, settings_, plan, content_with(user_data), "LaunchTemplateData.");
  making("launch template", save, task, [&] {
    if (plan.launch_template) {
      parameters.add("LaunchTemplateId", plan.launch_template->id);
      parameters.add("SourceVersion", plan.launch_template->version);
      const XmlAnswer answer = ec2_.call("CreateLaunchTemplateVersion", parameters, task);
      settings_.made_template_id =
          plan.launch_template->id + ":" + answer.text("launchTemplateVersion/versionNumber");
    } else {
      parameters.add("LaunchTemplateName", common_.machine_name + "-" + settings_.id.substr(0, 8));
      QueryParameters whole = parameters;
      whole.add_tags("launch-template", tags(common_.machine_name));
      const XmlAnswer answer = ec2_.call("CreateLaunchTemplate", whole, task);
      settings_.made_template_id = answer.text("launchTemplate/launchTemplateId");
    }
  });
}

void Ec2Machine::remove_template(const std::string& id, Task& task) {
  const auto [template_id, version] = parts_of(id);
  QueryParameters parameters;
  parameters.add("LaunchTemplateId", template_id);
  if (!version.empty()) parameters.add_list("LaunchTemplateVersion", {version});
  try {
    ec2_.call(version.empty() ? "DeleteLaunchTemplate" : "DeleteLaunchTemplateVersions", parameters, task);
  } catch (const AwsError& error) {
    if (!error.is_not_found()) throw;
  }
}

/// Versions carry no tags, but a description, which is our id.
void Ec2Machine::find_templates(std::vector<std::string>& found, Task& task) {
  QueryParameters parameters;
  const char *action = "DescribeLaunchTemplates", *list = "launchTemplates";
  if (settings_.launch_template.empty()) {
    parameters.add_filter(std::string("tag:") + id_tag, {settings_.id});
  } else {
    action = "DescribeLaunchTemplateVersions", list = "launchTemplateVersionSet";
    const std::string name = parts_of(settings_.launch_template).first;
    parameters.add(name.starts_with("lt-") ? "LaunchTemplateId" : "LaunchTemplateName", name);
  }
  for (const auto& page : ec2_.call_pages(action, parameters, task)) {
    for (const auto& node : page.items(list)) {
      std::string id = text_at(node, "launchTemplateId");
      if (!settings_.launch_template.empty()) {
        if (text_at(node, "versionDescription") != settings_.id) continue;
        id += ":" + text_at(node, "versionNumber");
      }
      if (std::ranges::find(found, id) == found.end()) found.push_back(id);
    }
  }
}

void Ec2Machine::run_fleet(const Ec2Plan& plan, const std::string& user_data, int round, const Save& save,
                           Task& task) {
  make_template(plan, user_data, round, save, task);
  std::vector<Market> markets{settings_.spot ? Market::spot : Market::on_demand};
  if (settings_.spot && settings_.spot_fallback) markets.push_back(Market::on_demand);
  std::string errors;
  for (const Market market : markets) {
    QueryParameters parameters = fleet_parameters(settings_, plan, market);
    parameters.add("ClientToken",
                   fmt::format("{}-{}-{}", settings_.id, round, market == Market::spot ? "s" : "d"));
    making("instance", save, task, [&] {
      const XmlAnswer answer = ec2_.call("CreateFleet", parameters, task);
      settings_.instance_id = instance_in(answer);
      if (settings_.instance_id.empty()) errors = errors_in(answer);
    });
    if (!settings_.instance_id.empty()) break;
    task.info(fmt::format("The fleet gets no {} instance: {}", market == Market::spot ? "spot" : "on-demand",
                          errors));
  }
  try {
    remove_template(settings_.made_template_id, task);
    settings_.made_template_id.clear();
  } catch (const Error& error) {
    // The machine is none the worse for it, and `rm` tries again.
    task.warn(error.what());
  }
  save();
  if (settings_.instance_id.empty()) throw Error("CreateFleet: no instance can be had: " + errors);
}

}  // namespace dm
