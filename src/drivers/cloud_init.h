#pragma once
#include <string>

#include "base/json.h"

namespace dm {

/// cloud-init's user-data: the cloud-config `ours`, and the user's own text merged with it in a way that
/// lists are joined and what we say stays. Error(usage) if `own` is of no kind that cloud-init knows; empty:
/// there is none.
std::string merged_user_data(const Json& ours, const std::string& own);

}  // namespace dm
