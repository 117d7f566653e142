#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/task.h"

namespace dm {

/// Runs `work` on every name, a bounded number at once; the failure of one leaves the others alone. Gives the
/// messages of those that failed, in the order in which they did. Throws Cancelled once all have ended.
std::vector<std::string> on_each(const std::vector<std::string>& names,
                                 const std::function<void(const std::string&)>& work);

}  // namespace dm
