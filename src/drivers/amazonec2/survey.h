#pragma once
#include <span>
#include <vector>

#include "drivers/amazonec2/machine.h"

namespace dm {

/// Many machines, in one call for a thousand of one store, account and region. Outcomes in the order of the
/// machines.
std::vector<Surveyed> survey_instances(std::span<Ec2Machine* const> machines, Task& task);

}  // namespace dm
