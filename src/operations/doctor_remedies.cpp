// What is done about what was found.
#include "operations/doctor_remedies.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>

#include "base/strings.h"
#include "base/temporary_folder.h"
#include "keys/key_pair.h"
#include "operations/authority_change.h"
#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/contexts.h"
#include "operations/engine_shell.h"
#include "operations/provision_machine.h"
#include "operations/renewal.h"
#include "provision/repair.h"
#include "ssh/known_hosts.h"
#include "ssh/public_key.h"

namespace dm::doctor {
namespace {

/// Keeps what a repair says, instead of showing it at once; progress and details go on.
class Notebook final : public Log {
 public:
  explicit Notebook(Log& log) : log_(log) {}
  void line(Level level, std::string_view machine, std::string_view text) override {
    if (level == Level::debug) return log_.line(level, machine, text);
    const std::scoped_lock guard(lock_);
    lines_.emplace_back(text);
  }
  void progress(std::string_view machine, std::string_view text) override { log_.progress(machine, text); }
  std::string text() const {
    const std::scoped_lock guard(lock_);
    return join(lines_, " ");
  }

 private:
  Log& log_;
  mutable std::mutex lock_;
  std::vector<std::string> lines_;
};

/// Does something on the machine's log book; gives what was written into it.
std::string noted(Task& task, const std::function<void(Task&)>& work) {
  Notebook notebook(task.log());
  Task own = task.with_log(notebook);
  try {
    work(own);
  } catch (const Error& error) {
    // What was done before it failed was done.
    const std::string before = notebook.text();
    throw Error(before.empty() ? error.what() : fmt::format("{} Then: {}", before, error.what()),
                error.reason());
  }
  return notebook.text();
}

/// The machine, open and with its long lock held, for a remedy that changes it.
class Operation {
 public:
  Operation(Patient& patient, Task& task)
      : lock_(patient.runtime.store.lock_machine(patient.name, task)),
        open(open_machine(patient.runtime, patient.name)) {
    // Where it is now was found out before; who cannot be asked has said all he knows in his record.
    if (open.type->traits().started) {
      try {
        open.driver->observe(task);
      } catch (const Error& error) {
        task.debug(error.what());
      }
    }
  }

 private:
  FileLock lock_;

 public:
  OpenMachine open;
};

MachineFacts facts_of(RemoteHost& host, Task& task) {
  SilentLog silent;
  Task quiet = task.with_log(silent);
  return detect_distribution(host, quiet);
}

int engine_port(const Patient& patient) { return engine_port_of(patient.endpoint); }

/// A repair over SSH by what is known of the machine, under its lock.
std::string over_ssh(Patient& patient, Task& task,
                     const std::function<void(RemoteHost&, const MachineFacts&, Task&)>& work) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  const MachineFacts facts = facts_of(*patient.host, task);
  return noted(task, [&](Task& own) { work(*patient.host, facts, own); });
}

/// What comes only when an engine does not take us.
void mend_engine_by_force(Patient& patient, Task& task, const std::exception_ptr& before) {
  // Only where nothing would stop: provisioning starts the engine with other options.
  if (patient.health->containers > 0) std::rethrow_exception(before);
  Operation operation(patient, task);
  SilentLog silent;
  Task quiet = task.with_log(silent);
  provision_machine(patient.runtime, operation.open, quiet);
}

/// Mends SSH through the engine, for whoever has this public key ("": a key that is not known here).
void let_in(const Patient& patient, const std::string& key, Task& task) {
  EngineShell engine(patient.runtime.services.http, engine_of(patient));
  const SshTarget& target = *patient.endpoint.ssh;
  RemoteHost host(engine, target);
  repair_ssh(host,
             {.user = target.user,
              .port = target.port,
              .public_key = key.empty() ? "" : key + " docker-machine " + patient.name},
             Privilege::root, task);
}

/// Whether a certificate that machines share is wrong still: what was found at another one of them may be
/// mended by now.
bool is_still_wrong(const Patient& patient, std::string_view kind, Task& task) {
  Patient again(patient.runtime, patient.name);
  check_record(again, task);
  return std::ranges::any_of(check_certificates(again, task), [&](const Result& result) {
    return result.what.contains(fmt::format("({})", kind));
  });
}

}  // namespace

Remedy protect_file(const std::string& path) {
  return [path](Patient&, Task&) {
    std::error_code failure;
    fs::permissions(path, static_cast<fs::perms>(private_file), failure);
    if (failure) throw Error(fmt::format("{} cannot be given the mode 0600: {}", path, failure.message()));
    return fmt::format("Only its owner may read {} now.", path);
  };
}

std::string replace_key(Patient& patient, Task& task) {
  const KeyPair made = make_rsa_key();
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  const std::string done = noted(task, [&](Task& own) { let_in(patient, made.public_ssh_line, own); });
  const std::string& file = patient.endpoint.ssh->key_file;
  write_file(file + ".pub", made.public_ssh_line + "\n", private_file);
  write_file(file, made.private_pem, private_file);
  return "A new SSH key was made. " + done;
}

std::string record_address(Patient& patient, Task& task) {
  Operation operation(patient, task);
  save_machine(patient.runtime, operation.open, task);
  refresh_access(patient.runtime, operation.open, task);
  return fmt::format("Its address {} was saved.", operation.open.driver->endpoint().address);
}

std::string renew_server(Patient& patient, Task& task) {
  Operation operation(patient, task);
  return noted(task, [&](Task& own) {
    SilentLog silent;
    Task quiet = own.with_log(silent);
    renew_server_certificate(patient.runtime, operation.open, Containers::run_on, quiet);
    own.info("The engine has a new certificate; its containers have gone on.");
    wait_until_engine_answers(patient.runtime, operation.open, OtherName::is_reported, quiet);
  });
}

std::string renew_client(Patient& patient, Task& task) {
  static std::mutex one_at_a_time;
  const std::scoped_lock guard(one_at_a_time);
  SilentLog silent;
  Task quiet = task.with_log(silent);
  if (!is_still_wrong(patient, "client", quiet)) return "The client has a new certificate by now.";
  renew_shared_client_certificate(patient.runtime, quiet);
  refresh_contexts(patient.runtime, quiet);
  return "The client has a new certificate.";
}

std::string renew_authority(Patient& patient, Task& task) {
  static std::mutex one_at_a_time;
  const std::scoped_lock guard(one_at_a_time);
  SilentLog silent;
  Task quiet = task.with_log(silent);
  if (!is_still_wrong(patient, "ca", quiet)) return "The authority was replaced by now.";
  const auto waiting = change_authority(patient.runtime, quiet);
  refresh_contexts(patient.runtime, quiet);
  std::string done = "The authority was replaced, and with it all certificates of all machines.";
  for (const auto& one : waiting)
    done += fmt::format(" Machine {} is waited for: {}.", one.machine, one.reason);
  if (!waiting.empty()) done += " docker-machine regenerate-certs --ca goes on.";
  return done;
}

std::string renew_copies(Patient& patient, Task& task) {
  const Operation operation(patient, task);
  refresh_copies(patient.runtime, operation.open.machine);
  return "The copies in its folder are those of today.";
}

std::string start_engine_again(Patient& patient, Task& task) {
  try {
    return over_ssh(patient, task, [&](RemoteHost& host, const MachineFacts& facts, Task& own) {
      const int containers = patient.health->containers;
      start_engine(host, facts, engine_port(patient), own);
      if (containers > 0)
        own.info("Containers that had survived it were taken over by it, or were restarted.");
    });
  } catch (const Error&) {
    mend_engine_by_force(patient, task, std::current_exception());
    return "It did not start as it was: it was given its options again (docker-machine provision), and runs.";
  }
}

std::string restart_engine_gently(Patient& patient, Task& task) {
  return over_ssh(patient, task, [&](RemoteHost& host, const MachineFacts& facts, Task& own) {
    restart_hanging_engine(host, facts, engine_port(patient), own);
  });
}

std::string enable_engine_at_boot(Patient& patient, Task& task) {
  return over_ssh(patient, task, [&](RemoteHost& host, const MachineFacts& facts, Task& own) {
    enable_engine(host, facts, own);
  });
}

std::string provision_again(Patient& patient, Task& task) {
  mend_engine_by_force(
      patient, task,
      std::make_exception_ptr(Error(fmt::format(
          "Containers run there, and would stop: docker-machine provision {} does it all the same",
          patient.name))));
  return "The engine was given its options again (docker-machine provision).";
}

std::string free_disk_space(Patient& patient, Task& task) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  return noted(task, [&](Task& own) { free_disk(*patient.host, patient.health->privilege, own); });
}

std::string set_its_clock(Patient& patient, Task& task) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  return noted(
      task, [&](Task& own) { set_clock(*patient.host, own.clock().now(), patient.health->privilege, own); });
}

std::string open_engine_port(Patient& patient, Task& task) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  const std::string done = noted(task, [&](Task& own) {
    open_port(*patient.host, engine_port(patient), patient.health->privilege, own);
  });
  if (!done.empty()) return done;
  throw Error("no firewall of the machine itself is closed: look at the provider's, or at one on the way");
}

std::string reopen_ssh(Patient& patient, Task& task) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  const std::string& file = patient.endpoint.ssh->key_file;
  const std::string key = file.empty() ? "" : public_key_line(file);
  return noted(task, [&](Task& own) { let_in(patient, key, own); });
}

std::string prove_host_key(Patient& patient, Task& task) {
  const auto lock = patient.runtime.store.lock_machine(patient.name, task);
  EngineShell engine(patient.runtime.services.http, engine_of(patient));
  SshTarget target = *patient.endpoint.ssh;
  RemoteHost host(engine, target);
  std::vector<HostKey> keys;
  for (const auto& line : split(read_host_keys(host, Privilege::root, task), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() >= 2) keys.push_back({words[0], words[1]});
  }
  if (keys.empty()) throw Error("the machine's own host keys cannot be read");
  const std::string alias = target.host_alias.empty() ? target.host : target.host_alias;
  const std::string file = target.known_hosts;
  const TemporaryFolder folder;
  target.known_hosts = (folder.path() / "known_hosts").string();
  write_file(target.known_hosts, with_host_keys("", alias, keys), private_file);
  try {
    // The one that answers has to prove that it has one of these keys.
    patient.runtime.services.ssh.connect(target, task);
  } catch (const Error& error) {
    if (error.reason() == Reason::host_key_changed) {
      throw Error(
          fmt::format("NOTHING WAS CHANGED: the machine itself says that this is not its key. Somebody else "
                      "answers on its SSH port: {}",
                      error.what()),
          error.reason());
    }
    // Only after the key was proven does it refuse us.
    if (error.reason() != Reason::authentication_failed) throw;
  }
  write_file(file, with_host_keys(read_file_if_there(file).value_or(""), alias, keys), private_file);
  return "The machine itself, which its engine's certificate proves, says that this is its key: it is pinned "
         "now.";
}

}  // namespace dm::doctor
