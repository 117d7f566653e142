// What is paid for and belongs to no machine.
#include "operations/orphans.h"

#include <algorithm>
#include <map>

#include "drivers/catalogue.h"

namespace dm {
namespace {

/// A machine here, as far as possessions are concerned.
struct Owner {
  std::string driver_name;
  std::string record;       ///< as text: it names all that the machine is known to have
  bool unfinished = false;  ///< it may have more than it knows
};

using Owners = std::multimap<std::string, Owner>;

Owners owners_of(const Runtime& runtime, std::vector<Account>& accounts) {
  Owners owners;
  for (const auto& name : runtime.store.names()) {
    try {
      const Machine machine = runtime.store.load(name);
      owners.emplace(
          name, Owner{.driver_name = machine.driver_name,
                      .record = machine.driver.dump(),
                      .unfinished = runtime.store.notes(name).unfinished || runtime.store.is_locked(name)});
      accounts.push_back({&driver_named(machine.driver_name), machine.driver});
    } catch (const Error&) {
      continue;  // `ls` tells what is wrong with it.
    }
  }
  return owners;
}

bool is_owned(const Possession& possession, const std::string& driver_name, const Owners& owners) {
  // What serves several machines is nobody's only when none is left.
  if (possession.machine.empty()) {
    return std::ranges::any_of(owners, [&](const auto& owner) {
      return owner.second.driver_name == driver_name &&
             (owner.second.unfinished || owner.second.record.contains(possession.id));
    });
  }
  const auto [begin, end] = owners.equal_range(possession.machine);
  return std::any_of(begin, end, [&](const auto& owner) {
    return owner.second.unfinished || owner.second.record.contains(possession.id);
  });
}

void search(const Runtime& runtime, const Account& account, const Owners& owners, Orphans& orphans,
            Task& task) {
  const std::string& driver_name = account.type->name();
  for (const auto& possession :
       account.type->possessions(account.record, runtime.store.id(task), runtime.services, task)) {
    if (is_owned(possession, driver_name, owners)) continue;
    const bool noted = std::ranges::any_of(orphans.found, [&](const Orphan& orphan) {
      return orphan.driver_name == driver_name && orphan.account.dump().contains(possession.id);
    });
    if (!noted)
      orphans.found.push_back({.driver_name = driver_name,
                               .possession = possession,
                               .why = {},
                               .account = account.record,
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
  Orphans orphans;
  std::vector<Account> accounts;
  if (further) accounts.push_back(*further);
  const Owners owners = owners_of(runtime, accounts);
  for (const auto& remains : runtime.store.remains()) {
    orphans.found.push_back(
        {.driver_name = remains.driver_name,
         .possession = {.machine = remains.machine, .kind = "machine", .id = remains.id, .place = {}},
         .why = remains.why,
         .account = remains.driver,
         .remains_id = remains.id});
    try {
      accounts.push_back({&driver_named(remains.driver_name), remains.driver});
    } catch (const Error& error) {
      orphans.failures.push_back(error.within(remains.machine));
    }
  }
  for (const auto& account : distinct(accounts)) {
    try {
      search(runtime, account, owners, orphans, task);
    } catch (const Error& error) {
      orphans.failures.push_back(
          error.within(account.type->name() + " " + account.type->account_of(account.record)));
    }
  }
  return orphans;
}

void remove_orphan(const Runtime& runtime, const Orphan& orphan, Task& task) {
  DriverType& type = driver_named(orphan.driver_name);
  if (orphan.remains_id.empty())
    return type.dispose(orphan.account, orphan.possession, runtime.services, task);
  type.open(orphan.account, runtime.services)->remove(task);
  runtime.store.forget_remains(orphan.remains_id);
}

}  // namespace dm
