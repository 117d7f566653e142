#pragma once
#include "bundle/bundle.h"
#include "operations/runtime.h"

namespace dm {

/// The store's authority with its private key, for another computer that is to sign with it too; it is made
/// if there is none yet.
Bundle export_authority(const Runtime& runtime, Task& task);

/// Lets the store sign with that authority, and makes a client certificate by it. Error(already_exists), and
/// nothing is changed, if machines here depend on another one; one that nobody depends on is set aside. Says
/// on the log what was done.
void import_authority(const Runtime& runtime, const Bundle& bundle, Task& task);

}  // namespace dm
