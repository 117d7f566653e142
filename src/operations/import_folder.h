#pragma once
#include <string>
#include <vector>

#include "operations/import_machines.h"

namespace dm {

/// Takes machines over from a folder that the original, or this program, has made on another computer: a
/// whole store, or one machine's folder with the folder `certs` beside it or above it. Everything as
/// import_machines(); machines of a store that cannot move are left out with a warning. Error if there is
/// none that can. Of a stranger's folder, which must have no links, the credentials are left out, and no file
/// outside of it is read.
std::vector<std::string> import_folder(const Runtime& runtime, const std::string& path, const NewNames& names,
                                       Origin origin, Task& task);

}  // namespace dm
