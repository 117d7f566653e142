#pragma once
#include <map>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "operations/runtime.h"

namespace dm {

/// Who has packed a bundle.
enum class Origin {
  stranger,  ///< nothing in it may make this computer run or read anything
  user       ///< a folder of the user's own
};

/// New names of machines by the names that they have in the bundle; "" stands for the only one.
using NewNames = std::map<std::string, std::string>;

/// Adds the machines of a bundle to the store, all of them or, with an Error, none: their records, keys and
/// pinned host keys, and their authority beside ours. Error(already_exists) if a name is taken, unless by the
/// very same machine. Of one that is here already comes the authority's private key, where it is missing.
/// Says on the log which are here now. Afterwards tags what they are at their providers as this store's;
/// warns where that fails, and of credentials that did not travel. Gives their names here.
std::vector<std::string> import_machines(const Runtime& runtime, const Bundle& bundle, const NewNames& names,
                                         Origin origin, Task& task);

/// Tags a machine's possessions at its provider as this store's, and saves it; false, with a warning on the
/// log, if the provider cannot be asked or refuses.
bool claim_machine(const Runtime& runtime, OpenMachine& open, Task& task);

}  // namespace dm
