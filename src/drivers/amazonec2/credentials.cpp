// The chain of places where AWS's credentials may be.
#include "drivers/amazonec2/credentials.h"

#include <fmt/core.h>

#include <set>

#include "base/strings.h"
#include "drivers/amazonec2/credential_sources.h"
#include "drivers/secret.h"

namespace dm {
namespace {

/// Credentials that end sooner are fetched anew, so that they last for the call at hand.
constexpr auto margin = std::chrono::minutes(5);

std::string value_of(const AwsProfile& profile, const char* key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

/// One look for credentials.
class Search {
 public:
  Search(const CredentialSource& source, const Services& services, Task& task)
      : source_(source), services_(services), environment_(services.environment), task_(task) {}

  AwsCredentials result() {
    if (!source_.access_key.empty() && !source_.secret_key.empty()) return of_settings();
    if (!source_.profile.empty()) return of_named_profile(source_.profile);
    if (auto found = of_environment()) return *found;
    if (auto found = of_web_identity()) return *found;
    const std::string name = profile_name(environment_, "");
    if (const auto profile = aws_profile(environment_, name)) {
      if (auto found = of_profile(name, *profile)) return *found;
    } else if (name != "default") {
      return of_named_profile(name);
    }
    if (auto found = container_credentials(services_, task_)) return *found;
    if (auto found = instance_credentials(services_, task_)) return *found;
    throw Error(
        "amazonec2 driver requires AWS credentials configured with the --amazonec2-access-key and "
        "--amazonec2-secret-key options, environment variables, ~/.aws/credentials, or an instance role",
        Reason::check_failed);
  }

 private:
  AwsCredentials of_settings() {
    return {.access_key = resolved_secret(source_.access_key, services_, task_),
            .secret_key = resolved_secret(source_.secret_key, services_, task_),
            .session_token = resolved_secret(source_.session_token, services_, task_)};
  }

  std::optional<AwsCredentials> of_environment() {
    AwsCredentials found{.access_key = environment_.variable_or(
                             "AWS_ACCESS_KEY_ID", environment_.variable_or("AWS_ACCESS_KEY", "")),
                         .secret_key = environment_.variable_or(
                             "AWS_SECRET_ACCESS_KEY", environment_.variable_or("AWS_SECRET_KEY", "")),
                         .session_token = environment_.variable_or("AWS_SESSION_TOKEN", "")};
    if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
    return found;
  }

  std::optional<AwsCredentials> of_web_identity() {
    const auto file = environment_.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto arn = environment_.variable("AWS_ROLE_ARN");
    if (!file || !arn) return std::nullopt;
    return web_identity({.arn = *arn, .session_name = environment_.variable_or("AWS_ROLE_SESSION_NAME", "")},
                        *file, source_.region, services_, task_);
  }

  AwsCredentials of_named_profile(const std::string& name) {
    const auto profile = aws_profile(environment_, name);
    if (!profile) {
      throw Error(fmt::format("there is no AWS profile \"{}\" in ~/.aws/config or ~/.aws/credentials", name),
                  Reason::check_failed);
    }
    if (auto found = of_profile(name, *profile)) return *found;
    throw Error(fmt::format("the AWS profile \"{}\" says nothing of credentials", name),
                Reason::check_failed);
  }

  std::optional<AwsCredentials> of_profile(const std::string& name, const AwsProfile& profile) {
    if (!visited_.insert(name).second)
      throw Error(fmt::format("the AWS profile \"{}\" is its own source_profile", name),
                  Reason::check_failed);
    // A profile may name itself as the source of a role: then its keys are meant.
    if (!value_of(profile, "role_arn").empty() && !only_keys_) return of_role(name, profile);
    AwsCredentials found{.access_key = value_of(profile, "aws_access_key_id"),
                         .secret_key = value_of(profile, "aws_secret_access_key"),
                         .session_token = value_of(profile, "aws_session_token")};
    if (!found.access_key.empty() && !found.secret_key.empty()) return found;
    if (const auto line = value_of(profile, "credential_process"); !line.empty())
      return process_credentials(line, services_, task_);
    if (!value_of(profile, "sso_session").empty() || !value_of(profile, "sso_start_url").empty()) {
      throw Error(
          fmt::format("the AWS profile \"{0}\" logs in through a browser (SSO): let another profile have "
                      "credential_process = aws configure export-credentials --profile {0}",
                      name),
          Reason::check_failed);
    }
    return std::nullopt;
  }

  AwsCredentials of_role(const std::string& name, const AwsProfile& profile) {
    if (!value_of(profile, "mfa_serial").empty()) {
      throw Error(
          fmt::format("the AWS profile \"{}\" wants a code of a device (mfa_serial), which nobody can be "
                      "asked for here: give temporary credentials instead",
                      name),
          Reason::check_failed);
    }
    const int seconds = number_or_minus_one(value_of(profile, "duration_seconds"));
    const AwsRole role{.arn = value_of(profile, "role_arn"),
                       .session_name = value_of(profile, "role_session_name"),
                       .external_id = value_of(profile, "external_id"),
                       .seconds = seconds > 0 ? seconds : AwsRole{}.seconds};
    if (const auto file = value_of(profile, "web_identity_token_file"); !file.empty())
      return web_identity(role, file, source_.region, services_, task_);
    return assumed_role(role, caller_of(name, profile), source_.region, services_, task_);
  }

  AwsCredentials caller_of(const std::string& name, const AwsProfile& profile) {
    const std::string from = value_of(profile, "source_profile"),
                      kind = value_of(profile, "credential_source");
    if (from == name) {
      only_keys_ = true;
      visited_.erase(name);
    }
    if (!from.empty()) return of_named_profile(from);
    std::optional<AwsCredentials> found;
    if (kind == "Environment") found = of_environment();
    if (kind == "EcsContainer") found = container_credentials(services_, task_);
    if (kind == "Ec2InstanceMetadata") found = instance_credentials(services_, task_);
    if (!found) {
      throw Error(
          fmt::format("the AWS profile \"{}\" has a role_arn and no source_profile or credential_source "
                      "that gives credentials",
                      name),
          Reason::check_failed);
    }
    return *found;
  }

  const CredentialSource& source_;
  const Services& services_;
  const Environment& environment_;
  Task& task_;
  std::set<std::string> visited_;
  bool only_keys_ = false;
};

}  // namespace

AwsCredentials AwsCredentialCache::credentials(const CredentialSource& source, const Services& services,
                                               Task& task) {
  // Held while asking: many machines of one account ask once.
  const std::scoped_lock guard(lock_);
  const auto known = found_.find(source);
  if (known != found_.end() && known->second.expires - margin > task.clock().now()) return known->second;
  return found_[source] = Search(source, services, task).result();
}

}  // namespace dm
