#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/task.h"
#include "model/machine.h"

namespace dm {

/// What we know of a machine and the original would drop; lies in notes.json beside config.json.
struct Notes {
  bool unfinished = false;         ///< `create` began and has not come to its end
  std::string failure;             ///< why it ended early, if it could still say so
  std::string engine_version;      ///< the version of the engine that the user wants; "" for the newest
  std::string former_name;         ///< its name before a renaming that has not come to its end
  bool own_configuration = false;  ///< somebody else has configured the engine: only the minimum is ours
  bool over_ssh = false;           ///< docker reaches the engine over SSH alone
};

/// A machine that was forgotten although its provider did not confirm that it is gone.
struct Remains {
  std::string id;  ///< of the note
  std::string machine, driver_name;
  Json driver;      ///< the driver's record, by which it can be removed
  std::string why;  ///< what the provider said
};

/// A file below a folder that is named elsewhere.
struct StoredFile {
  std::string name;  ///< relative, "/" between folders
  std::string content;
  unsigned mode = private_file;
};

/// The whole folder of a machine.
struct MachineFolder {
  std::string name;
  std::vector<StoredFile> files;  ///< config.json among them
};

/// What becomes of the files of a machine's locks when it is forgotten: they go with whoever holds the long
/// lock. If somebody else may hold it, they stay, so that a new machine of that name waits for it.
enum class Locks { go, stay };

/// The store's folder: machines, certificates, cache, in the original's layout, which other programs share.
/// Any number of processes may use it at once: reading takes no lock, since every file is replaced in one
/// step. Thread-safe.
class Store {
 public:
  /// `path` as the user wrote it; it is saved in new machines as it is. Nothing is made before it is needed.
  explicit Store(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string certs_folder() const { return file("certs"); }
  std::string cache_folder() const { return file("cache"); }
  /// By which the store's possessions at providers are known: 16 hexadecimal digits, made when first asked
  /// for.
  std::string id(const Task& task) const;
  std::string machine_folder(const std::string& name) const { return file("machines/" + name); }

  /// All machines, sorted byte-wise.
  std::vector<std::string> names() const;
  bool exists(const std::string& name) const;
  /// Error(not_found) for an unknown machine, other Errors for a file that cannot be used; all in the
  /// original's words. Paths of a store that was moved, or is mounted elsewhere, come out as they are here,
  /// and so do those of a machine that was renamed. A file of an older version is brought to version 3; the
  /// old one is kept as config.json.bak.
  Machine load(const std::string& name) const;
  Notes notes(const std::string& name) const;

  /// A new machine with its first config.json and further files, in one step; Error(already_exists) if the
  /// name is taken. For whoever holds the machine's long lock.
  void add(const Machine& machine, const Notes& notes, const std::vector<StoredFile>& files = {}) const;
  /// Several machines with all their files; either all of them are there afterwards, or, with an Error, none.
  /// Error(already_exists) if a name is taken. For whoever holds the machines' long locks.
  void add_all(const std::vector<MachineFolder>& machines) const;
  /// For whoever holds the machine's long lock.
  void save(const Machine& machine, const Task& task) const;
  /// For whoever does not: nothing is written, and false returned, if the file is not as `machine` was loaded
  /// any more.
  bool save_if_unchanged(const Machine& machine, const Task& task) const;
  void save_notes(const std::string& name, const Notes& notes) const;
  /// Gives a machine another name: its folder moves in one step, and whoever loads it finds everything where
  /// it is now. Error(already_exists) if the name is taken. For whoever holds the long locks of both names;
  /// that of the former one goes.
  void rename(const std::string& from, const std::string& to, const Task& task) const;
  /// Forgets the machine: its folder goes, whatever is in it.
  void forget(const std::string& name, Locks locks) const;
  /// config.json as it is, whatever is in it; nothing if it is not there.
  std::optional<std::string> raw_config(const std::string& name) const;

  /// Keeps what is needed to remove a machine that is going to be forgotten; outside `machines`, for this
  /// user only.
  void note_remains(const Remains& remains) const;
  /// All such notes, sorted by machine; those that cannot be read are left out.
  std::vector<Remains> remains() const;
  void forget_remains(const std::string& id) const;

  /// The long lock: for one operation on one machine. Says who is waited for.
  FileLock lock_machine(const std::string& name, const Task& task) const;
  /// Whether another process holds the long lock right now.
  bool is_locked(const std::string& name) const;
  /// Around the making of the authority and the client certificate.
  FileLock lock_certificates(const Task& task) const;

  /// Whether there is nothing in it that could be lost: no machine, no certificate, no note of remains.
  bool is_empty() const;
  /// All files of it that are no cache, lock, or work in progress; sorted by name. `leave_out` tells of
  /// machines' files, by machine and file, which not to read.
  std::vector<StoredFile> files(
      const std::function<bool(const std::string& machine, const std::string& file)>& leave_out) const;
  /// Puts such files into an empty store; they are all there afterwards or, with an Error, none.
  /// Error(already_exists) if it is not empty.
  void fill(const std::vector<StoredFile>& files) const;

  /// Where a new machine's certificates go, unless the user says otherwise.
  AuthOptions default_auth(const std::string& name) const;

 private:
  /// Writes a machine whose file had an old version, and the old file beside it, if it can be done at once.
  void keep_migrated(Machine& machine, const std::string& old_text) const;
  void sweep(const std::string& name) const;
  void remove_locks(const std::string& name) const;
  FileLock lock_writes(const std::string& name, const Task& task) const;
  std::string root() const;
  std::string file(const std::string& relative) const;
  std::string config_file(const std::string& name) const { return machine_folder(name) + "/config.json"; }

  std::string path_;
};

}  // namespace dm
