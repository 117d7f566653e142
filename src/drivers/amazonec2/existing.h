#pragma once
#include "drivers/amazonec2/credentials.h"
#include "drivers/amazonec2/settings.h"
#include "drivers/driver.h"

namespace dm {

/// The flag that names an instance which exists, without dashes.
inline constexpr const char* instance_flag = "amazonec2-instance-id";

/// The machine that an instance becomes, by EC2's description of it; `common` and `settings` are as the flags
/// say. Of one that docker-machine made, also of another store, what it made for it is found again. Error
/// that lists the instances of the region if `instance_id` is "", and if it does not run.
Existing existing_instance(const std::string& instance_id, CommonSettings common, Ec2Settings settings,
                           const Services& services, AwsCredentialCache& cache, Task& task);

}  // namespace dm
