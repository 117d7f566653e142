// AWS's shared files "config" and "credentials", as AWS's own tools read them.
#include "drivers/amazonec2/aws_files.h"

#include "base/file.h"
#include "base/strings.h"

namespace dm {
namespace {

/// The settings below the line "[SECTION]"; nothing if there is no such line.
std::optional<AwsProfile> section_of(const std::string& text, const std::string& section) {
  std::optional<AwsProfile> found;
  bool inside = false;
  for (const auto& line : split(text, '\n')) {
    const std::string_view plain = trim(line);
    if (plain.empty() || plain[0] == '#' || plain[0] == ';') continue;
    if (plain[0] == '[') {
      inside = trim(plain.substr(1, plain.find(']') - 1)) == section;
      if (inside && !found) found.emplace();
      continue;
    }
    const auto equals = plain.find('=');
    // Lines that are set back belong to a setting of several lines, of which we need none.
    if (!inside || equals == std::string_view::npos || line[0] == ' ' || line[0] == '\t') continue;
    (*found)[lower(trim(plain.substr(0, equals)))] = trim(plain.substr(equals + 1));
  }
  return found;
}

std::string text_of_file(const Environment& environment, const char* variable, const char* otherwise) {
  std::string path = environment.variable_or(variable, environment.home() + otherwise);
  if (path.starts_with("~/")) path = environment.home() + path.substr(1);
  return read_file_if_there(path).value_or("");
}

}  // namespace

std::optional<AwsProfile> aws_profile(const Environment& environment, const std::string& name) {
  const std::string config = text_of_file(environment, "AWS_CONFIG_FILE", "/.aws/config");
  const std::string credentials =
      text_of_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  auto profile = section_of(config, "profile " + name);
  if (!profile && name == "default") profile = section_of(config, name);
  auto secrets = section_of(credentials, name);
  if (!profile) return secrets;
  if (secrets) {
    for (const auto& [key, value] : *secrets) (*profile)[key] = value;
  }
  return profile;
}

std::string profile_name(const Environment& environment, const std::string& given) {
  if (!given.empty()) return given;
  return environment.variable_or("AWS_PROFILE", environment.variable_or("AWS_DEFAULT_PROFILE", "default"));
}

std::optional<std::string> default_region(const Environment& environment, const std::string& profile) {
  if (auto region = environment.variable("AWS_REGION")) return region;
  const auto settings = aws_profile(environment, profile_name(environment, profile));
  if (!settings || !settings->contains("region") || settings->at("region").empty()) return std::nullopt;
  return settings->at("region");
}

}  // namespace dm
