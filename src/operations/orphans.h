#pragma once
#include <optional>
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// Something at a provider that belongs to this store and to no machine in it.
struct Orphan {
  std::string driver_name;
  Possession possession;
  std::string why;         ///< what the provider said when the machine was forgotten; empty: found by its tag
  Json account;            ///< the record by which it is reached
  std::string remains_id;  ///< of the note that tells of it; empty: found by its tag
};

/// An account to be searched, given by hand.
struct Account {
  DriverType* type = nullptr;
  Json record;
};

/// What was found, and which accounts could not be searched.
struct Orphans {
  std::vector<Orphan> found;
  std::vector<Error> failures;
};

/// Looks in the accounts of all machines here, of all that was noted when machines were forgotten by force,
/// and in `further`. What a machine here is being made of, or may have been when its creation broke off, is
/// none.
Orphans find_orphans(const Runtime& runtime, const std::optional<Account>& further, Task& task);

/// Removes it at its provider, and what was noted of it; Error: it is still there, and still noted.
void remove_orphan(const Runtime& runtime, const Orphan& orphan, Task& task);

/// Forgets what was noted of it, and leaves its provider alone.
void forget_orphan(const Runtime& runtime, const Orphan& orphan);

}  // namespace dm
