// Another certificate authority for a store whose machines stay within reach.
#include "operations/authority_change.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "certs/authority.h"
#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/many.h"
#include "operations/provision_machine.h"
#include "operations/renewal.h"

namespace dm {
namespace {

constexpr unsigned public_file = 0644;

/// The files that exist only while the authority changes.
struct ChangeFiles {
  explicit ChangeFiles(const AuthOptions& auth)
      : folder(fs::path(auth.ca_cert_path).parent_path()),
        old(folder / "ca-old.pem"),
        fresh(folder / "ca-new.pem"),
        fresh_key(folder / "ca-new-key.pem"),
        finished(folder / "ca-finished.json") {}
  fs::path folder, old, fresh, fresh_key;
  fs::path finished;  ///< the machines whose engines trust the new authority alone
};

/// The authority that signs: the first one of the file.
std::string signing_authority(const AuthOptions& auth) {
  const auto all = certificates_in(read_file(auth.ca_cert_path));
  if (all.empty()) throw Error(auth.ca_cert_path + ": Failed to decode PEM data");
  return all.front();
}

/// A change of the authority that all machines of the store share.
class AuthorityChange {
 public:
  AuthorityChange(const Runtime& runtime, Task& task)
      : runtime_(runtime), task_(task), auth_(runtime.store.default_auth("")), files_(auth_) {}

  std::vector<Waiting> run() {
    load_machines();
    begin();
    refresh_all_copies();
    auto waiting = on_engines([&](const std::string& name) { trust_both(name); });
    // Where the old authority is out of date nobody accepts what it signed: nothing to wait for.
    if (!waiting.empty() && !is_old_expired()) return waiting;
    switch_client();
    refresh_all_copies();
    const std::set<std::string> left = names_of(waiting);
    for (auto& more : on_engines([&](const std::string& name) {
           if (!left.contains(name)) trust_new(name);
         })) {
      waiting.push_back(std::move(more));
    }
    if (waiting.empty()) end();
    return waiting;
  }

 private:
  static std::set<std::string> names_of(const std::vector<Waiting>& waiting) {
    std::set<std::string> names;
    for (const auto& one : waiting) names.insert(one.machine);
    return names;
  }

  bool shares(const Machine& machine) const { return machine.auth.ca_cert_path == auth_.ca_cert_path; }

  /// All machines of this authority; those whose files cannot be read might be.
  void load_machines() {
    for (const auto& name : runtime_.store.names()) {
      try {
        Machine machine = runtime_.store.load(name);
        if (shares(machine) && !is_over_ssh(runtime_, name)) machines_.push_back(std::move(machine));
      } catch (const Error& error) {
        if (error.reason() == Reason::not_found && !runtime_.store.exists(name)) continue;
        throw Error(
            fmt::format("\"{}\" would be lost, since its file cannot be read: {}. Repair it, or remove it "
                        "with \"docker-machine rm -f {}\"",
                        name, error.what(), name));
      }
    }
  }

  /// Whether one has begun whose new authority is of any use still.
  bool is_under_way() const {
    return is_there(files_.old) && (is_half_changed(auth_) || !is_expired(signing_authority(auth_)));
  }

  void begin() {
    if (!is_under_way()) {
      if (!is_there(auth_.ca_private_key_path)) {
        throw Error(fmt::format("{} is not there: the authority can be replaced only where its key is",
                                auth_.ca_private_key_path),
                    Reason::not_found);
      }
      set_apart_those_without_ssh();
    }
    const auto lock = runtime_.store.lock_certificates(task_);
    if (is_under_way()) {
      task_.info("Going on with the change of the certificate authority");
    } else {
      task_.info("Creating CA: " + auth_.ca_cert_path);
      const CertificateAndKey made = make_authority(runtime_.user(), runtime_.services.clock.now());
      write_file(files_.fresh_key, made.key, private_file);
      write_file(files_.fresh, made.certificate, public_file);
      dm::remove_all(files_.finished);
      write_file(files_.old, read_file(auth_.ca_cert_path), public_file);
    }
    finish_half_change(auth_);
  }

  /// We cannot reach into these: they stay what they are, with certificates of their own.
  void set_apart_those_without_ssh() {
    for (const auto& listed : machines_) {
      std::optional<OpenMachine> open;
      try {
        open = open_machine(runtime_, listed.name);
      } catch (const Error&) {
        continue;  // its driver is not here: it is waited for
      }
      if (open->type->traits().provisioned) continue;
      const auto lock = runtime_.store.lock_machine(listed.name, task_);
      open = open_machine(runtime_, listed.name);
      refresh_copies(runtime_, open->machine);
      AuthOptions& auth = open->machine.auth;
      const std::string folder = runtime_.store.machine_folder(listed.name);
      auth.ca_cert_path = folder + "/ca.pem";
      auth.ca_private_key_path = folder + "/ca-key.pem";  // which is nowhere: nothing more is signed for it
      auth.client_cert_path = folder + "/cert.pem";
      auth.client_key_path = folder + "/key.pem";
      save_machine(runtime_, *open, task_);
      task_.info(fmt::format("\"{}\" keeps the old certificates: its engine is looked after by somebody else",
                             listed.name));
    }
    machines_.clear();
    load_machines();
  }

  void refresh_all_copies() const {
    for (const auto& machine : machines_) {
      if (!runtime_.store.exists(machine.name)) continue;
      try {
        refresh_copies(runtime_, machine);
      } catch (const Error& error) {
        task_.on(machine.name).warn(error.what());
      }
    }
  }

  /// Works on the engines of all machines at the same time; gives those where that failed.
  std::vector<Waiting> on_engines(const std::function<void(const std::string&)>& work) {
    std::vector<std::string> names;
    for (const auto& machine : machines_) names.push_back(machine.name);
    std::vector<Waiting> waiting;
    std::mutex lock;
    on_each(names, [&](const std::string& name) {
      try {
        work(name);
      } catch (const Error& error) {
        if (!runtime_.store.exists(name)) return;  // removed: nobody to wait for
        const std::scoped_lock guard(lock);
        waiting.push_back({name, error.what()});
      }
    });
    std::ranges::sort(waiting, {}, &Waiting::machine);
    return waiting;
  }

  /// Whether an engine that was renewed has to talk to us before anything else is done.
  enum class Answer { is_wanted, cannot_be };

  void renew(const std::string& name, Answer answer) {
    Task own = task_.on(name);
    const auto lock = runtime_.store.lock_machine(name, own);
    OpenMachine open = open_machine(runtime_, name);
    // A machine that is off has nobody to ask, and the patience for one that boots would be in vain.
    const State state = open.driver->observe(own).state;
    if (state != State::running) throw Error(fmt::format("it is {}", text(state)), Reason::unreachable);
    renew_server_certificate(runtime_, open, Containers::run_on_if_they_can, own);
    if (answer == Answer::is_wanted) wait_until_engine_answers(runtime_, open, OtherName::is_reported, own);
  }

  void trust_both(const std::string& name) {
    const Machine machine = runtime_.store.load(name);
    // It trusts nobody but the old authority yet, as long as the client's certificate has not changed.
    const Answer answer = is_old_expired() ? Answer::cannot_be : Answer::is_wanted;
    if (!has_new_certificate(machine)) renew(name, answer);
  }

  bool has_new_certificate(const Machine& machine) const {
    try {
      return is_signed_by(read_file(machine.auth.server_cert_path), signing_authority(auth_));
    } catch (const Error&) {
      return false;
    }
  }

  bool is_expired(const std::string& pem) const {
    return end_of_certificate(pem) <= runtime_.services.clock.now();
  }
  bool is_old_expired() const { return is_expired(read_file(files_.old)); }

  void switch_client() {
    const std::string authority = signing_authority(auth_);
    if (!is_signed_by(read_file(auth_.client_cert_path), authority)) {
      renew_client_certificate(runtime_, auth_, task_);
    }
    const auto lock = runtime_.store.lock_certificates(task_);
    if (read_file(auth_.ca_cert_path) != authority) write_file(auth_.ca_cert_path, authority, public_file);
  }

  Json finished_names() const {
    const auto text = read_file_if_there(files_.finished);
    return text ? parse_json(*text) : Json::array();
  }

  void trust_new(const std::string& name) {
    const Json before = finished_names();
    if (std::ranges::find(before, Json(name)) != before.end()) return;
    renew(name, Answer::is_wanted);
    const std::scoped_lock guard(finished_lock_);
    Json names = finished_names();
    names.push_back(name);
    write_file(files_.finished, go_json(names, 0), private_file);
  }

  void end() {
    const auto lock = runtime_.store.lock_certificates(task_);
    dm::remove_all(files_.old);
    dm::remove_all(files_.finished);
    task_.info("The certificate authority was replaced.");
  }

  const Runtime& runtime_;
  Task& task_;
  const AuthOptions auth_;
  const ChangeFiles files_;
  std::vector<Machine> machines_;
  std::mutex finished_lock_;
};

}  // namespace

bool is_authority_changing(const AuthOptions& auth) {
  const ChangeFiles files(auth);
  return files.folder == fs::path(auth.cert_dir) && is_there(files.old);
}

bool is_half_changed(const AuthOptions& auth) {
  const ChangeFiles files(auth);
  return files.folder == fs::path(auth.cert_dir) && is_there(files.fresh) && is_there(files.old);
}

void finish_half_change(const AuthOptions& auth) {
  if (!is_half_changed(auth)) return;
  const ChangeFiles files(auth);
  // The key first: as long as ca-new.pem is there, whoever comes next knows where we were.
  if (is_there(files.fresh_key)) {
    write_file(auth.ca_private_key_path, read_file(files.fresh_key), private_file);
    dm::remove_all(files.fresh_key);
  }
  write_file(auth.ca_cert_path, read_file(files.fresh) + read_file(files.old), public_file);
  dm::remove_all(files.fresh);
}

std::vector<Waiting> change_authority(const Runtime& runtime, Task& task) {
  return AuthorityChange(runtime, task).run();
}

}  // namespace dm
