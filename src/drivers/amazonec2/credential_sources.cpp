// Where credentials come from that lie in no file: STS, containers, instances, programs.
#include "drivers/amazonec2/credential_sources.h"

#include <fmt/core.h>

#include <iomanip>
#include <sstream>

#include "base/file.h"
#include "base/strings.h"
#include "drivers/amazonec2/query.h"
#include "drivers/amazonec2/region.h"

namespace dm {
namespace {

constexpr auto local_limit = std::chrono::seconds(5), local_connect_limit = std::chrono::seconds(1);
constexpr auto program_limit = std::chrono::minutes(1);
constexpr int sts_retries = 3;

/// "2026-01-31T12:00:00Z", with or without fractions; what is no such time never comes.
std::chrono::system_clock::time_point time_of(const std::string& text) {
  std::tm parts{};
  std::istringstream stream(text);
  stream >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S");
  if (stream.fail()) return std::chrono::system_clock::time_point::max();
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string sts_url(const std::string& region, const Environment& environment) {
  const auto other =
      environment.variable_or("AWS_ENDPOINT_URL_STS", environment.variable_or("AWS_ENDPOINT_URL", ""));
  return other.empty() ? endpoint_of("sts", region) : endpoint_url(other, false);
}

QueryClient sts(const AwsCredentials& caller, const std::string& region, const Services& services) {
  return {services.http,
          {.service = "sts",
           .version = "2011-06-15",
           .url = sts_url(region, services.environment),
           .region = region},
          sts_retries,
          [caller](Task&) { return caller; }};
}

std::string session_of(const AwsRole& role) {
  return role.session_name.empty() ? "docker-machine-" + random_hex(8) : role.session_name;
}

AwsCredentials credentials_in(const XmlAnswer& answer, const char* result) {
  const pugi::xml_node node = answer.root().first_element_by_path(result).child("Credentials");
  return {.access_key = text_at(node, "AccessKeyId"),
          .secret_key = text_at(node, "SecretAccessKey"),
          .session_token = text_at(node, "SessionToken"),
          .expires = time_of(text_at(node, "Expiration"))};
}

/// The form of containers and instances; programs write "SessionToken".
AwsCredentials credentials_in(const std::string& where, const std::string& body) {
  Json document;
  try {
    document = parse_json(body);
  } catch (const Error&) {
    document = Json::object();  // The parser's reason would quote a secret.
  }
  AwsCredentials found{.access_key = text_of(document, "AccessKeyId"),
                       .secret_key = text_of(document, "SecretAccessKey"),
                       .session_token = text_of(document, "Token"),
                       .expires = time_of(text_of(document, "Expiration"))};
  if (found.session_token.empty()) found.session_token = text_of(document, "SessionToken");
  if (found.access_key.empty() || found.secret_key.empty())
    throw Error("no AWS credentials in what comes from " + where, Reason::check_failed);
  return found;
}

HttpRequest local_request(const std::string& method, const std::string& url,
                          std::vector<std::string> headers) {
  return {.method = method,
          .url = url,
          .headers = std::move(headers),
          .proxied = false,
          .connect_limit = local_connect_limit};
}

bool is_local(const std::string& url) {
  for (const char* start : {"https://", "http://127.", "http://localhost", "http://[::1]",
                            "http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::23]"}) {
    if (url.starts_with(start)) return true;
  }
  return false;
}

std::string metadata_url(const Environment& environment) {
  const auto other = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (other) return endpoint_url(*other, false);
  const bool v6 = lower(environment.variable_or("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "")) == "ipv6";
  return v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

}  // namespace

AwsCredentials assumed_role(const AwsRole& role, const AwsCredentials& caller, const std::string& region,
                            const Services& services, Task& task) {
  QueryParameters parameters;
  parameters.add("RoleArn", role.arn).add("RoleSessionName", session_of(role));
  parameters.add("DurationSeconds", role.seconds);
  if (!role.external_id.empty()) parameters.add("ExternalId", role.external_id);
  return credentials_in(sts(caller, region, services).call("AssumeRole", parameters, task),
                        "AssumeRoleResult");
}

AwsCredentials web_identity(const AwsRole& role, const std::string& token_file, const std::string& region,
                            const Services& services, Task& task) {
  QueryParameters parameters;
  parameters.add("RoleArn", role.arn).add("RoleSessionName", session_of(role));
  parameters.add("WebIdentityToken", std::string(trim(read_file(token_file))));
  return credentials_in(sts({}, region, services).call("AssumeRoleWithWebIdentity", parameters, task),
                        "AssumeRoleWithWebIdentityResult");
}

std::optional<AwsCredentials> container_credentials(const Services& services, Task& task) {
  const Environment& environment = services.environment;
  std::string url = environment.variable_or("AWS_CONTAINER_CREDENTIALS_FULL_URI", "");
  if (const auto path = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    url = "http://169.254.170.2" + *path;
  if (url.empty()) return std::nullopt;
  if (!is_local(url))
    throw Error("AWS_CONTAINER_CREDENTIALS_FULL_URI is refused: it has to be https, or this computer's",
                Reason::check_failed);
  std::string token = environment.variable_or("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
  if (const auto file = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    token = trim(read_file(*file));
  Task limited = task.within(local_limit);
  const HttpResponse response = services.http.send(
      local_request("GET", url,
                    token.empty() ? std::vector<std::string>{} : std::vector{"Authorization: " + token}),
      limited);
  if (response.status != 200)
    throw Error(fmt::format("the container's credentials cannot be had: HTTP status {}", response.status),
                Reason::check_failed);
  return credentials_in("the container's credentials service", response.body);
}

std::optional<AwsCredentials> instance_credentials(const Services& services, Task& task) {
  if (lower(services.environment.variable_or("AWS_EC2_METADATA_DISABLED", "")) == "true") return std::nullopt;
  const std::string base = metadata_url(services.environment);
  Task limited = task.within(local_limit);
  const auto ask = [&](const std::string& path, const std::string& token) {
    return services.http.send(local_request("GET", base + path, {"X-aws-ec2-metadata-token: " + token}),
                              limited);
  };
  try {
    const HttpResponse token = services.http.send(
        local_request("PUT", base + "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds: 21600"}),
        limited);
    if (token.status != 200) return std::nullopt;
    const std::string path = "/latest/meta-data/iam/security-credentials/";
    const HttpResponse roles = ask(path, token.body);
    if (roles.status != 200) return std::nullopt;
    const HttpResponse role = ask(path + std::string(trim(split(roles.body, '\n')[0])), token.body);
    if (role.status != 200) return std::nullopt;
    return credentials_in("the instance's metadata service", role.body);
  } catch (const Error& error) {
    // Elsewhere than on an instance nobody answers there.
    if (error.reason() != Reason::unreachable && error.reason() != Reason::timed_out) throw;
    return std::nullopt;
  }
}

AwsCredentials process_credentials(const std::string& line, const Services& services, Task& task) {
  Task limited = task.within(program_limit);
  const CommandResult result = services.processes.run({.arguments = {"/bin/sh", "-c", line}}, limited);
  if (!result.ok()) {
    throw Error(fmt::format("credential_process ended with status {}: {}", result.status, trim(result.error)),
                Reason::check_failed);
  }
  return credentials_in("credential_process", result.output);
}

}  // namespace dm
