// What is paid for and belongs to no machine.
#include "operations/orphans.h"

#include <algorithm>
#include <map>

namespace dm {
namespace {

/// A machine here, as far as possessions are concerned.
struct Owner {
  std::string driver_name;  ///< empty: its file cannot be read, so it may be any
  std::string record;       ///< as text: it names all that the machine is known to have
  bool unfinished = false;  ///< it may have more than it knows
};

using Owners = std::multimap<std::string, Owner>;

Owner owner_of(const Runtime& runtime, const std::string& name) {
  try {
    const Machine machine = runtime.store.load(name);
    return {.driver_name = machine.driver_name,
            .record = machine.driver.dump(),
            .unfinished = runtime.store.notes(name).unfinished || runtime.store.is_locked(name)};
  } catch (const Error&) {
    return {.driver_name = {}, .record = {}, .unfinished = true};
  }
}

Owners owners_in(const Runtime& runtime) {
  Owners owners;
  for (const auto& name : runtime.store.names()) owners.emplace(name, owner_of(runtime, name));
  return owners;
}

bool owns(const Owner& owner, const Possession& possession) {
  return owner.unfinished || owner.record.contains(possession.id);
}

bool is_owned(const Possession& possession, const std::string& driver_name, const Owners& owners) {
  // What serves several machines is nobody's only when none is left.
  if (possession.machine.empty()) {
    return std::ranges::any_of(owners, [&](const auto& owner) {
      const bool may_have = owner.second.driver_name == driver_name || owner.second.driver_name.empty();
      return may_have && owns(owner.second, possession);
    });
  }
  // One that was renamed may be known to its provider by its former name.
  const bool is_known = std::ranges::any_of(owners, [&](const auto& owner) {
    return owner.second.driver_name == driver_name && owner.second.record.contains(possession.id);
  });
  if (is_known) return true;
  const auto [begin, end] = owners.equal_range(possession.machine);
  return std::any_of(begin, end, [&](const auto& owner) { return owns(owner.second, possession); });
}

/// The accounts of all machines here.
std::vector<Account> accounts_in(const Runtime& runtime) {
  std::vector<Account> accounts;
  for (const auto& name : runtime.store.names()) {
    try {
      Machine machine = runtime.store.load(name);
      accounts.push_back({&runtime.driver_type(machine.driver_name), std::move(machine.driver)});
    } catch (const Error&) {
      continue;  // `ls` tells what is wrong with it.
    }
  }
  return accounts;
}

/// What was noted when machines were forgotten by force; their accounts are added.
std::vector<Orphan> noted_orphans(const Runtime& runtime, std::vector<Account>& accounts) {
  std::vector<Orphan> orphans;
  for (const auto& remains : runtime.store.remains()) {
    orphans.push_back(
        {.driver_name = remains.driver_name,
         .possession = {.machine = remains.machine, .kind = "machine", .id = remains.id, .place = {}},
         .why = remains.why,
         .account = remains.driver,
         .remains_id = remains.id});
    try {
      accounts.push_back({&runtime.driver_type(remains.driver_name), remains.driver});
    } catch (const Error&) {
      continue;  // Its note says so already.
    }
  }
  return orphans;
}

/// Something tagged, and where it was found.
struct Candidate {
  const Account* account = nullptr;
  Possession possession;
};

void add_tagged(const std::vector<Candidate>& candidates, const Owners& owners,
                std::vector<Orphan>& orphans) {
  const size_t noted = orphans.size();
  for (const auto& candidate : candidates) {
    const Possession& possession = candidate.possession;
    const std::string& driver_name = candidate.account->type->name();
    const bool is_noted = std::any_of(
        orphans.begin(), orphans.begin() + static_cast<std::ptrdiff_t>(noted), [&](const Orphan& orphan) {
          return orphan.driver_name == driver_name && orphan.account.dump().contains(possession.id);
        });
    if (is_noted || is_owned(possession, driver_name, owners)) continue;
    orphans.push_back({.driver_name = driver_name,
                       .possession = possession,
                       .why = {},
                       .account = candidate.account->record,
                       .remains_id = {}});
  }
}

/// One account of each name.
std::vector<Account> distinct(const std::vector<Account>& accounts) {
  std::map<std::pair<std::string, std::string>, Account> by_name;
  for (const auto& account : accounts) {
    const std::string name = account.type->account_of(account.record);
    if (!name.empty()) by_name.try_emplace({account.type->name(), name}, account);
  }
  std::vector<Account> found;
  for (const auto& [name, account] : by_name) found.push_back(account);
  return found;
}

}  // namespace

Orphans find_orphans(const Runtime& runtime, const std::optional<Account>& further, Task& task) {
  std::vector<Account> accounts = accounts_in(runtime);
  if (further) accounts.insert(accounts.begin(), *further);
  Orphans orphans{.found = noted_orphans(runtime, accounts), .failures = {}};
  accounts = distinct(accounts);
  std::vector<Candidate> candidates;
  for (const auto& account : accounts) {
    try {
      for (auto& possession :
           account.type->possessions(account.record, runtime.store.id(task), runtime.services, task))
        candidates.push_back({&account, std::move(possession)});
    } catch (const Error& error) {
      orphans.failures.push_back(
          error.within(account.type->name() + " " + account.type->account_of(account.record)));
    }
  }
  // Asked for afterwards: a machine is here before anything is made for it.
  add_tagged(candidates, owners_in(runtime), orphans.found);
  return orphans;
}

void remove_orphan(const Runtime& runtime, const Orphan& orphan, Task& task) {
  DriverType& type = runtime.driver_type(orphan.driver_name);
  if (orphan.remains_id.empty())
    return type.dispose(orphan.account, orphan.possession, runtime.services, task);
  type.open(orphan.account, runtime.services)->remove(task);
  runtime.store.forget_remains(orphan.remains_id);
}

void forget_orphan(const Runtime& runtime, const Orphan& orphan) {
  runtime.store.forget_remains(orphan.remains_id);
}

}  // namespace dm
