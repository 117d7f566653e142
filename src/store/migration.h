#pragma once
#include <string>

#include "base/json.h"

namespace dm {

/// Which schema a config.json has: 0 (without a number) to 3; Error if it is from the future.
int config_version_of(const Json& document);

/// A config.json of version 0, 1 or 2 as one of version 3. `folder` is where the machine's file lies, for
/// what the old file does not say of it. Errors if it is none.
Json migrated(const Json& document, const std::string& name, const std::string& folder);

}  // namespace dm
