#pragma once
#include "bundle/bundle.h"
#include "operations/import_machines.h"

namespace dm {

/// The whole store: certificates with the authority's private key, machines, notes, its id; neither cache nor
/// locks. Disks of virtual machines stay behind; the log tells whose.
Bundle back_up(const Runtime& runtime, Task& task);

/// Puts a backup into a store that is empty; all of it or, with an Error, nothing. Error(already_exists) if
/// there is anything in the store.
void restore(const Runtime& runtime, const Bundle& bundle, Task& task);

/// Adds the machines of a backup to the store, as import_folder() does with a stranger's.
std::vector<std::string> import_backup(const Runtime& runtime, const Bundle& bundle, const NewNames& names,
                                       Task& task);

}  // namespace dm
