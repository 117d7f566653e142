#pragma once
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "operations/foreign_authority.h"
#include "operations/import_machines.h"

namespace dm {

/// A machine of a bundle as it will be in this store.
struct Arrival {
  std::string old_name, name;
  Machine machine;
  AuthorityFiles authority;
  std::vector<StoredFile> other_files;  ///< of its folder, besides config.json and the authority's
  std::vector<SecretKey> withheld;      ///< credentials that did not travel
};

/// The names of the machines in a bundle; Error if it holds something else.
std::vector<std::string> machines_in(const Bundle& bundle);

/// The machine with all its paths and names as they are to be here. Error if the bundle lacks something, or
/// has what no export writes. Nothing is written.
Arrival arrival_of(const Runtime& runtime, const Bundle& bundle, const std::string& old_name,
                   const std::string& name, Origin origin);

/// The files of its folder; config.json, which says that they are there, comes last.
std::vector<StoredFile> files_of(const Arrival& arrival);

}  // namespace dm
