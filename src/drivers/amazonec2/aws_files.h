#pragma once
#include <map>
#include <optional>
#include <string>

#include "base/environment.h"

namespace dm {

/// One profile of AWS's shared files: its settings by name, in lower case.
using AwsProfile = std::map<std::string, std::string>;

/// The profile `name` out of the files "config" and "credentials" together, the latter's values first;
/// nothing if neither has it. Where the files are is said by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.
std::optional<AwsProfile> aws_profile(const Environment& environment, const std::string& name);
/// `given`, else $AWS_PROFILE, else $AWS_DEFAULT_PROFILE, else "default".
std::string profile_name(const Environment& environment, const std::string& given);
/// The region that $AWS_REGION or the profile says, for whoever gives none.
std::optional<std::string> default_region(const Environment& environment, const std::string& profile);

}  // namespace dm
