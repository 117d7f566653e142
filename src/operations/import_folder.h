#pragma once
#include <string>
#include <vector>

#include "operations/import_machines.h"

namespace dm {

/// Takes machines over from a folder that the original, or this program, has made on another computer: a
/// whole store, or one machine's folder with the folder `certs` beside it or above it. Everything as
/// import_machines(); machines of a store that cannot move are left out with a warning. Error if there is
/// none that can.
std::vector<std::string> import_folder(const Runtime& runtime, const std::string& path, const NewNames& names,
                                       Task& task);

}  // namespace dm
