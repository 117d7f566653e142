// Access of one's own to a machine, which its host keeps: granted, shown and taken away.
#include "operations/access.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/strings.h"
#include "base/temporary_folder.h"
#include "certs/authority.h"
#include "docker/engine.h"
#include "keys/key_pair.h"
#include "operations/expiry.h"
#include "operations/export_machines.h"
#include "operations/provision_machine.h"
#include "provision/access.h"

namespace dm {
namespace {

using std::chrono::seconds;

// The machine is said to run: not the patience that a booting one gets.
constexpr auto ssh_limit = seconds(45), answer_limit = seconds(20), login_limit = seconds(30);
constexpr size_t longest_name = 64;  // of a certificate's owner

using People = std::map<std::string, PersonalAccess>;

bool is_person(const std::string& who) {
  const auto is_plain = [](unsigned char letter) {
    return std::isalnum(letter) != 0 || std::string_view("._-@").contains(static_cast<char>(letter));
  };
  return !who.empty() && who.size() <= longest_name &&
         std::isalnum(static_cast<unsigned char>(who.front())) != 0 && std::ranges::all_of(who, is_plain);
}

/// What stands there was perhaps written by hand: what is not readable, the engine does not trust either.
bool is_readable(const std::string& pem) {
  try {
    (void)read_certificate(pem);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Error if its driver says that the machine does not run. Whoever cannot ask the provider goes by the
/// record.
void require_running(OpenMachine& open, Task& task) {
  State state = State::running;
  try {
    state = open.driver->observe(task).state;
  } catch (const Error& error) {
    task.debug(error.what());
  }
  if (state == State::running) return;
  throw Error(fmt::format("Machine \"{}\" does not run: it is {}", open.name(), text(state)),
              Reason::unreachable);
}

/// A machine whose host is asked and changed.
class Site {
 public:
  Site(const Runtime& runtime, const std::string& name, Task& task)
      : runtime_(runtime),
        task_(task),
        open_(open_machine(runtime, name)),
        host_(remote_host_of(runtime, open_)) {
    require_running(open_, task);
    Task limited = task.within(ssh_limit);
    facts_ = in_context("Error detecting OS", [&] { return detect_distribution(*host_, limited); });
    found_ = read_access(*host_, facts_, task);
    certificates_ = granted_certificates(found_.trust_file);
    keys_ = granted_keys(found_.authorized_keys);
    std::erase_if(certificates_,
                  [](const auto& one) { return !is_person(one.who) || !is_readable(one.certificate); });
    std::erase_if(keys_, [](const auto& one) { return !is_person(one.who); });
  }

  const HostAccess& found() const { return found_; }
  const std::vector<GrantedCertificate>& certificates() const { return certificates_; }
  Endpoint endpoint() const { return known_endpoint(open_); }
  const AuthOptions& auth() const { return open_.machine.auth; }

  People people() const {
    People people;
    for (const auto& [who, key] : keys_) people[who].ssh_keys.push_back(fingerprint(key));
    for (const auto& [who, certificate] : certificates_)
      people[who].certificate_end = end_of_certificate(certificate);
    for (auto& [who, person] : people) person.who = who;
    return people;
  }

  std::vector<HostKey> keys_of(const std::string& who) const {
    std::vector<HostKey> found;
    for (const auto& one : keys_) {
      if (one.who == who) found.push_back(one.key);
    }
    return found;
  }

  bool has_certificate(const std::string& who) const {
    return std::ranges::count(certificates_, who, &GrantedCertificate::who) > 0;
  }

  /// Of these keys, those that lines of authorized_keys let in besides the person's own.
  std::vector<HostKey> also_let_in(const std::vector<HostKey>& keys, const std::string& who) const {
    std::vector<HostKey> found;
    for (const auto& key : keys) {
      size_t lines = 0;
      for (const auto& line : split(found_.authorized_keys, '\n')) {
        if (line.contains(key.base64) && !line.starts_with('#')) ++lines;
      }
      const auto own = std::ranges::count_if(
          keys_, [&](const GrantedKey& one) { return one.who == who && one.key == key; });
      if (lines > static_cast<size_t>(own)) found.push_back(key);
    }
    return found;
  }

  void set_keys(const std::string& who, const std::vector<HostKey>& keys) {
    set_ssh_keys(*host_, who, keys, task_);
  }
  void set_client(const std::string& who, const std::string& certificate, Containers containers) {
    set_certificate(*host_, facts_, {who, certificate}, engine_port_of(endpoint()), containers, task_);
  }
  void end_sessions(const std::vector<HostKey>& keys) { end_ssh_sessions(*host_, facts_, keys, task_); }

  /// Keeps the address where the machine is now.
  void save() { save_machine(runtime_, open_, task_); }

  /// Lets what follows take another connection: this one may have been idle for long.
  void reconnect() { host_.emplace(remote_host_of(runtime_, open_)); }

 private:
  const Runtime& runtime_;
  Task& task_;
  OpenMachine open_;
  std::optional<RemoteHost> host_;
  MachineFacts facts_;
  HostAccess found_;
  std::vector<GrantedCertificate> certificates_;
  std::vector<GrantedKey> keys_;
};

std::string names_of(const People& people) {
  std::vector<std::string> names;
  for (const auto& [who, person] : people) names.push_back(who);
  return names.empty() ? "nobody has" : join(names, ", ") + (names.size() == 1 ? " has" : " have");
}

/// What helps against a failure, where that is known.
std::string advice(const Error& error) {
  return std::string_view(error.what()).contains("running containers would stop")
             ? ". With --stop-containers it is done all the same"
             : "";
}

/// Where the new keys lie until they were tried.
struct Trial {
  TemporaryFolder folder;
  std::string file(const char* name, const std::string& content) const {
    const fs::path path = folder.path() / name;
    write_file(path, content, private_file);
    return path.string();
  }
};

/// Error if the host does not let the new key in: its sshd reads another file than we have changed.
void try_login(const Runtime& runtime, const Endpoint& endpoint, const std::string& private_key, Task& task) {
  const Trial trial;
  SshTarget target = *endpoint.ssh;
  target.key_file = trial.file("key", private_key);
  Task limited = task.within(login_limit);
  in_context("the machine's SSH server does not take the new key",
             [&] { runtime.services.ssh.connect(target, limited)->run({.line = "exit 0"}, limited); });
}

/// Error if the engine refuses the new certificate: it reads another file than we have changed. A port that
/// is closed from here is no reason to refuse access.
void try_client(const Runtime& runtime, const Site& site, const CertificateAndKey& client, Task& task) {
  const Trial trial;
  const EngineAccess engine{.url = site.endpoint().docker_url,
                            .tls = {.ca = site.auth().ca_cert_path,
                                    .certificate = trial.file("cert.pem", client.certificate),
                                    .key = trial.file("key.pem", client.key)}};
  const Task limited = task.within(answer_limit);
  for (Backoff backoff(Milliseconds(200), seconds(3));;) {
    try {
      Task attempt = limited;
      return check_connection(runtime.services.http, engine, attempt);
    } catch (const Error& error) {
      if (error.reason() == Reason::authentication_failed)
        throw error.within("the engine cannot be used with the new certificate");
      if (limited.left() < seconds(3)) {
        return task.warn(
            fmt::format("The new certificate could not be tried, since the engine does not "
                        "answer to this computer: {}",
                        error.what()));
      }
    }
    backoff.pause(limited);
  }
}

void warn_of_other_lines(const std::vector<HostKey>& keys, const std::string& machine, const Task& task) {
  for (const auto& key : keys) {
    task.warn(
        fmt::format("The SSH key {} opens \"{}\" also by another line of authorized_keys there, which "
                    "access leaves alone",
                    fingerprint(key), machine));
  }
}

void warn_of_ends(const Runtime& runtime, const People& people, const std::string& machine,
                  const Task& task) {
  const auto now = runtime.services.clock.now();
  for (const auto& [who, person] : people) {
    if (!person.certificate_end || *person.certificate_end - now >= expiry_notice) continue;
    task.warn(fmt::format("The certificate of {} {} on {}; renew with docker-machine access {} --grant {}",
                          who, *person.certificate_end <= now ? "has ended" : "ends",
                          date_text(*person.certificate_end), machine, who));
  }
}

/// Certificates of single clients that are not ours: the next provisioning drops them.
void warn_of_strangers(const Site& site, const Task& task) {
  std::vector<std::string> granted;
  for (const auto& one : site.certificates()) granted.push_back(one.certificate);
  for (const auto& pem : certificates_in(site.found().trust_file)) {
    if (!is_readable(pem)) continue;
    const Certificate certificate = read_certificate(pem);
    if (certificate.is_authority || std::ranges::find(granted, pem) != granted.end()) continue;
    task.warn(fmt::format("The engine also trusts a single certificate ({}) that access has not granted",
                          go_quote(certificate.subject_organization)));
  }
}

}  // namespace

void check_person(const std::string& who) {
  if (is_person(who)) return;
  throw Error(fmt::format("{} cannot name a person: up to {} letters, digits and \"._-@\" can, the first one "
                          "a letter or a digit",
                          go_quote(who), longest_name),
              Reason::usage);
}

std::vector<HostKey> public_keys_in(const std::string& text) {
  std::vector<HostKey> keys;
  for (const auto& raw : split(text, '\n')) {
    const std::string line(trim(raw));
    if (line.empty() || line.starts_with('#')) continue;
    const auto words = split(line, ' ');
    HostKey key{.type = words[0], .base64 = words.size() > 1 ? words[1] : ""};
    if (!key.base64.starts_with("AAAA") || !fingerprint(key).starts_with("SHA256:"))
      throw Error("it holds a line that is no public SSH key", Reason::usage);
    keys.push_back(std::move(key));
  }
  if (keys.empty()) throw Error("it holds no public SSH key", Reason::usage);
  return keys;
}

std::vector<PersonalAccess> list_access(const Runtime& runtime, const std::string& machine, Task& task) {
  const Site site(runtime, machine, task);
  const People people = site.people();
  std::vector<PersonalAccess> list;
  for (const auto& [who, person] : people) list.push_back(person);
  warn_of_ends(runtime, people, machine, task);
  warn_of_strangers(site, task);
  if (site.found().restart_pending) {
    task.warn("The engine has not been restarted since this was changed: repeat the change that broke off");
  }
  return list;
}

std::chrono::system_clock::time_point grant_access(const Runtime& runtime, const Grant& grant,
                                                   const std::function<void(const Bundle&)>& write,
                                                   Task& task) {
  const std::string& who = grant.who;
  const auto lock = runtime.store.lock_machine(grant.machine, task);
  Site site(runtime, grant.machine, task);
  site.save();
  PersonalKeys personal{.client = make_access_certificate(who, runtime.services.clock.now()), .ssh = {}};
  auto keys = grant.public_keys;
  if (keys.empty()) {
    personal.ssh = make_rsa_key();
    keys = public_keys_in(personal.ssh->public_ssh_line);
  }
  write(collect_machines(runtime, {grant.machine}, {.personal = personal}, task));
  site.reconnect();
  bool has_new_keys = false;
  try {
    site.set_keys(who, keys);
    has_new_keys = true;
    if (personal.ssh) try_login(runtime, site.endpoint(), personal.ssh->private_pem, task);
    site.set_client(who, personal.client.certificate, grant.containers);
    try_client(runtime, site, personal.client, task);
  } catch (const Error& error) {
    // The certificate may be in place: nobody has its key.
    if (has_new_keys) site.set_keys(who, site.keys_of(who));
    throw Error(fmt::format("{} was not granted access to \"{}\": {}{}", who, grant.machine, error.what(),
                            advice(error)),
                error.reason());
  }
  warn_of_other_lines(site.also_let_in(keys, who), grant.machine, task);
  return end_of_certificate(personal.client.certificate);
}

void revoke_access(const Runtime& runtime, const std::string& machine, const std::string& who,
                   Containers containers, Task& task) {
  const auto lock = runtime.store.lock_machine(machine, task);
  Site site(runtime, machine, task);
  const People people = site.people();
  if (!people.contains(who) && !site.found().restart_pending) {
    throw Error(fmt::format("{} was not granted access to \"{}\": {} it", who, machine, names_of(people)),
                Reason::not_found);
  }
  const auto keys = site.keys_of(who), others = site.also_let_in(keys, who);
  std::vector<std::string> failures;
  const auto attempt = [&](const char* failure, const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      failures.push_back(fmt::format("{}: {}{}", failure, error.what(), advice(error)));
    }
  };
  if (!keys.empty()) {
    attempt("the SSH key still opens the machine", [&] {
      site.set_keys(who, {});
      task.info(fmt::format("The SSH key of {} does not open \"{}\" any more.", who, machine));
    });
  }
  if (site.has_certificate(who) || site.found().restart_pending) {
    attempt("the engine still takes the certificate", [&] {
      site.set_client(who, "", containers);
      task.info(
          fmt::format("The engine of \"{}\" does not take the certificate of {} any more.", machine, who));
    });
  }
  std::vector<HostKey> closed;
  for (const auto& key : keys) {
    if (std::ranges::find(others, key) == others.end()) closed.push_back(key);
  }
  if (!closed.empty() && failures.empty())
    attempt("an SSH connection that is open may go on", [&] { site.end_sessions(closed); });
  warn_of_other_lines(others, machine, task);
  if (!failures.empty()) {
    throw Error(fmt::format("The access of {} to \"{}\" is not quite revoked: {}. Repeat it to complete it",
                            who, machine, join(failures, "; ")));
  }
}

}  // namespace dm
