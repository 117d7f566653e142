#pragma once
#include <optional>
#include <string>
#include <vector>

#include "drivers/amazonec2/image.h"
#include "drivers/amazonec2/network.h"
#include "drivers/amazonec2/security_group.h"
#include "drivers/amazonec2/settings.h"

namespace dm {

/// What a launch template of the user's says, as far as it matters to us.
struct LaunchTemplate {
  std::string id, version, image_id, instance_type;
  bool has_groups = false;  ///< it says which security groups, here or at a network interface
};

/// What was found out before anything is made.
struct Ec2Plan {
  std::optional<LaunchTemplate> launch_template;
  std::vector<std::string> types;  ///< in the order of the wish
  std::map<std::string, Ec2Type> type_facts;
  std::vector<Ec2Place> places;       ///< one without a subnet: the template decides
  Ec2Image image;                     ///< without an id: the template's
  std::vector<SecurityGroup> groups;  ///< those that are there
  std::vector<std::string> missing_groups;
  std::string key_pair_public;  ///< of the existing key pair, if EC2 knows it

  bool groups_by_template() const { return groups.empty() && missing_groups.empty(); }
};

enum class Market { on_demand, spot };

/// One way to launch the instance.
struct LaunchAttempt {
  std::string type;
  Ec2Place place;
  Market market = Market::on_demand;
};

/// All ways that the plan allows, the most wanted first.
std::vector<LaunchAttempt> attempts_of(const Ec2Plan& plan, const Ec2Settings& settings);
/// Whether another type, place or market may succeed where this refusal came.
bool is_worth_another_attempt(const AwsError& error);
/// Whether the account has as many as it may.
bool is_quota(const AwsError& error);

/// What every attempt has in common.
struct LaunchContent {
  std::vector<std::string> group_ids;
  std::string key_name, user_data;  ///< the latter in base64
  AwsTags tags;
};

/// The parameters of RunInstances that describe the instance, without those of a market and a place.
/// `prefix`: "LaunchTemplateData." for a launch template.
void describe_instance(QueryParameters& parameters, const Ec2Settings& settings, const Ec2Plan& plan,
                       const LaunchContent& content, const std::string& prefix = "");
/// All parameters of RunInstances, without a client token.
QueryParameters run_parameters(const Ec2Settings& settings, const Ec2Plan& plan, const LaunchContent& content,
                               const LaunchAttempt& attempt);

}  // namespace dm
