#pragma once
#include <optional>
#include <string>

#include "drivers/amazonec2/aws_files.h"
#include "drivers/amazonec2/credentials.h"

namespace dm {

/// A role to be taken on.
struct AwsRole {
  std::string arn, session_name, external_id;
  long long seconds = 3600;
};

/// By STS AssumeRole, with the credentials of somebody who may.
AwsCredentials assumed_role(const AwsRole& role, const AwsCredentials& caller, const std::string& region,
                            const Services& services, Task& task);
/// By STS AssumeRoleWithWebIdentity, with the token in a file.
AwsCredentials web_identity(const AwsRole& role, const std::string& token_file, const std::string& region,
                            const Services& services, Task& task);
/// Of the container that we run in, if its environment says where they are.
std::optional<AwsCredentials> container_credentials(const Services& services, Task& task);
/// Of the instance that we run on, by its metadata service (IMDSv2); nothing if there is no such service or
/// no role. Takes a few seconds at most.
std::optional<AwsCredentials> instance_credentials(const Services& services, Task& task);
/// What a program prints, as "credential_process" in AWS's files says.
AwsCredentials process_credentials(const std::string& line, const Services& services, Task& task);

}  // namespace dm
