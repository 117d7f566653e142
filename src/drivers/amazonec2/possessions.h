#pragma once
#include <string>
#include <vector>

#include "drivers/amazonec2/query.h"
#include "drivers/amazonec2/settings.h"

namespace dm {

/// All that carries the store's tag in one region, in eight calls and further pages.
std::vector<Possession> ec2_possessions(const QueryClient& ec2, const std::string& region,
                                        const std::string& store_id, Task& task);
/// Removes one of these; what is gone counts as removed. Error if something still uses it.
void dispose_of(const QueryClient& ec2, const Possession& possession, Task& task);

}  // namespace dm
