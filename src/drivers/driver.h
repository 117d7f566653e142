#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/json.h"
#include "base/process.h"
#include "base/task.h"
#include "http/http.h"
#include "model/endpoint.h"
#include "model/flag.h"
#include "model/machine.h"
#include "ssh/ssh.h"

namespace dm {

/// The ways out, shared by all drivers of a run; outlive them.
struct Services {
  HttpClient& http;
  SshConnector& ssh;
  ProcessRunner& processes;
  const Clock& clock;
  const Environment& environment;
};

enum class Power { start, stop, restart, kill };

/// Saves the driver's record. Called as soon as something exists that has to be removed one day.
using Save = std::function<void()>;

/// One machine at one provider. One thread at a time.
class Driver {
 public:
  virtual ~Driver() = default;
  /// Refuses, with a reason, before anything is made or costs money.
  virtual void check(Task&) {}
  /// Makes the machine. `save` before and after each step that leaves something behind.
  virtual void create(const Save& save, Task& task) = 0;
  /// Changes the power state, and returns when it has changed as far as the driver can tell.
  virtual void power(Power power, Task& task) = 0;
  /// Removes all that create made; removing what is gone succeeds.
  virtual void remove(Task& task) = 0;
  /// What the provider says now; a new address is also in the record afterwards.
  virtual Observation observe(Task& task) = 0;
  /// From the record, without asking anybody.
  virtual Endpoint endpoint() const = 0;
  /// "Driver" in config.json.
  virtual Json record() const = 0;
  /// Tags all that belongs to the machine as another store's, which it has moved to.
  virtual void move_to_store(const std::string& /*store_id*/, Task&) {}
  /// Refuses, with a reason, if the machine cannot get another name now.
  virtual void check_rename(Task&) {}
  /// Gives all that belongs to the machine outside of the store the machine's name, in place of its former
  /// one.
  virtual void take_name(const std::string& /*former*/, Task&) {}
  /// Brings what the record says, other than the `former` one, to the provider and to the machine's folder.
  /// `save` after each step that leaves something behind. Nothing to do for settings that are only read.
  virtual void apply(const Json& /*former*/, const Save& /*save*/, Task&) {}
  /// Makes what find_existing() found this store's, with the changes that it named. `save` as for create().
  virtual void claim(const std::string& store_id, const Save& save, Task& task);
  /// Lets a public key log in for a minute by the provider's means; false if the provider has none.
  virtual bool let_in(const std::string& /*public_line*/, Task&) { return false; }
};

/// What is known of a driver without a machine.
struct Traits {
  bool provisioned = true;  ///< an engine is to be installed on its machines
  bool started = true;      ///< its machines are made and started by us; false: they run before we know them
  bool tagged = true;       ///< what it makes at a provider carries the store's tag
};

/// What a new machine is, before its driver's own flags.
struct NewMachine {
  std::string name;
  std::string store_path;  ///< STORE, as the user wrote it
  SwarmOptions swarm;
  std::string store_id;  ///< tags what is made at a provider, so that it is found again (see Store::id)
};

/// An SSH key pair as files have it.
struct LoginKey {
  std::string private_pem, public_line;
};

/// What exists already and can become a machine, as its provider describes it.
struct Existing {
  Json record;           ///< of the machine that it becomes, without the path of an SSH key
  std::string key_file;  ///< the user's private key for it; empty: the agent's keys and the default ones
  std::optional<LoginKey> own_key;        ///< a new one for the machine alone; none: it keeps the user's
  std::string port_key;                   ///< in the record: the engine's port; "": it can only be 2376
  std::vector<std::string> found;         ///< what it is, for the user, a line each
  std::vector<std::string> changes;       ///< what claim() changes at the provider
  std::vector<std::string> consequences;  ///< what later commands may do to it
};

/// Something at a provider that carries a store's tag.
struct Possession {
  std::string machine;  ///< the machine that it was made for, by its tag; empty: it serves several
  std::string kind;     ///< as shown: "instance", "key pair", ...
  std::string id;       ///< the provider's
  std::string place;    ///< region, project, ...
};

/// What became of one machine in a survey.
struct Surveyed {
  Observation observation;
  std::optional<Error> error;
};

/// A key of a driver's records that holds a credential.
struct SecretKey {
  std::string key;
  std::string variable;  ///< environment variable that gives it where the record does not; may be empty
};

/// What it takes to change a setting while its machine lives.
enum class Change {
  fixed,       ///< it cannot: it was decided when the machine was made
  noted,       ///< it is kept, and used from then on
  login,       ///< SSH has to work with it before it is kept
  account,     ///< the provider has to answer with it before it is kept
  engine,      ///< the engine is provisioned again
  next_start,  ///< it is kept, and used when the machine is started
  applied      ///< the driver brings it to the provider
};

/// A setting as a living machine has it.
struct LivingSetting {
  Flag flag;        ///< as `create` has it
  FlagValue value;  ///< of this machine
  Change change = Change::fixed;
  bool secret = false;
  std::string
      key_ends;  ///< of a list of KEY=VALUE: the characters that end a key; empty: an entry is its own key
  std::string instead;  ///< of a fixed one: what to do instead, as a sentence; may be empty
};

/// A kind of driver. Thread-safe.
class DriverType {
 public:
  virtual ~DriverType() = default;
  virtual const std::string& name() const = 0;
  virtual std::vector<Flag> flags(const Services& services, Task& task) = 0;
  /// The record of a new machine; Error if a flag is wrong or missing.
  virtual Json configure(const NewMachine& machine, const FlagValues& values, const Services& services,
                         Task& task) = 0;
  /// Flags beside flags() that name what exists already.
  virtual std::vector<Flag> flags_of_existing() const { return {}; }
  /// Looks for what the flags name, and changes nothing; Error if it is not there, or cannot become a
  /// machine.
  virtual Existing find_existing(const NewMachine& machine, const FlagValues& values,
                                 const Services& services, Task& task);
  virtual std::unique_ptr<Driver> open(const Json& record, const Services& services) = 0;
  /// The settings of a machine: one for each of flags(). Nothing: none can change.
  virtual std::vector<LivingSetting> settings(const Json& /*record*/) { return {}; }
  /// The record with other values for some flags, which are checked as those of a new machine. Asks nobody.
  virtual Json changed(const Json& record, const FlagValues& /*values*/) { return record; }
  /// Many machines in as few calls and as little time as possible; outcomes in the order of the drivers, all
  /// of which this type opened. Ends at the task's deadline: who has not answered then has Error(timed_out).
  virtual std::vector<Surveyed> survey(std::span<Driver* const> drivers, Task& task);
  virtual Traits traits() const { return {}; }
  /// Why its machines cannot be used from another computer, as the end of a sentence; empty: they can.
  virtual std::string why_bound_to_computer() const { return {}; }
  /// Files in the machine's folder that no backup can hold: disks, and what a run of it leaves.
  virtual std::vector<std::string> local_files() const { return {}; }
  /// What in its records is a credential. One without a variable is looked for by the driver itself if the
  /// record has none.
  virtual std::vector<SecretKey> secret_keys() const { return {}; }

  /// Names the account and region that a record belongs to, without a secret in it: those of equal names are
  /// searched once. Empty: this driver makes nothing that could be searched for.
  virtual std::string account_of(const Json& /*record*/) const { return {}; }
  /// An account by the driver's flags alone, for possessions() and dispose(); only for drivers with accounts.
  virtual Json account(const FlagValues& /*values*/, const Services&) { return {}; }
  /// All that carries the store's tag in the account of `record`, in few calls.
  virtual std::vector<Possession> possessions(const Json& /*record*/, const std::string& /*store_id*/,
                                              const Services&, Task&) {
    return {};
  }
  /// Removes one of these; removing what is gone succeeds.
  virtual void dispose(const Json& /*record*/, const Possession&, const Services&, Task&) {}
};

}  // namespace dm
