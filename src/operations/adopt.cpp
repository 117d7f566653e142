// Taking over what exists: first looking, then, when the user wants it, doing.
#include "operations/adopt.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "bundle/bundle.h"
#include "certs/authority.h"
#include "drivers/settings.h"
#include "operations/certificates.h"
#include "operations/connection.h"
#include "operations/provision_machine.h"
#include "provision/distribution.h"
#include "provision/login_key.h"
#include "provision/steps.h"
#include "ssh/known_hosts.h"

namespace dm {
namespace {

constexpr auto tls_limit = std::chrono::seconds(10);
/// A key that the provider lets in may be known to the host a moment late.
constexpr auto letting_in_limit = std::chrono::seconds(20);
constexpr auto install_script = "https://get.docker.com";

std::string joined(const std::vector<std::string>& words) { return join(words, ", "); }

}  // namespace

Adoption::Adoption(const Runtime& runtime, AdoptRequest request, Task& task)
    : runtime_(runtime), request_(std::move(request)) {
  find_existing(task);
  find_host(task);
  log_in(task);
  check_host_key();
  look_around(task);
  choose_way(task);
  tell_what_is_found();
  tell_of_engine();
  if (way_ == Way::new_files) tell_of_change();
  tell_of_login();
}

std::string Adoption::file_in_store(const std::string& file) const {
  return runtime_.store.machine_folder(request_.name) + "/" + file;
}

/// Where the provider lets in a key of ours for a minute, or where the engine is touched anyway, the machine
/// gets a key that depends on nobody's own.
bool Adoption::has_own_key() const {
  if (!existing_.own_key) return false;
  return let_in_by_provider_ || existing_.key_file.empty() || way_ == Way::new_files;
}

void Adoption::find_existing(Task& task) {
  const bool tagged = request_.type->traits().tagged;
  existing_ = request_.type->find_existing({.name = request_.name,
                                            .store_path = runtime_.store.path(),
                                            .swarm = {},
                                            .store_id = tagged ? runtime_.store.id(task) : ""},
                                           request_.flags, runtime_.services, task);
}

void Adoption::find_host(Task& task) {
  const auto driver = request_.type->open(existing_.record, runtime_.services);
  const Endpoint endpoint = driver->endpoint();
  if (endpoint.address.empty() || !endpoint.ssh)
    throw Error("It has no address, or does not run: start it at its provider, then adopt it");
  target_ = *endpoint.ssh;
  target_.key_file = existing_.key_file;
  target_.known_hosts = temporary("known_hosts").string();
  target_.host_alias = request_.name;
  port_ = engine_port_of(endpoint);
  expect_known_host_key();
  task.info(fmt::format("Looking at {}...", endpoint.address));
}

/// What the user's own SSH programs know of the host holds for us too.
void Adoption::expect_known_host_key() {
  const std::string name =
      target_.port == 22 ? target_.host : fmt::format("[{}]:{}", target_.host, target_.port);
  const fs::path known = fs::path(runtime_.services.environment.home()) / ".ssh/known_hosts";
  std::string lines;
  for (const HostKey& key : pinned_host_keys(known, name)) {
    if (!key.type.starts_with("ssh-") && !key.type.starts_with("ecdsa-")) continue;
    lines += fmt::format("{} {} {}\n", lower(request_.name), key.type, key.base64);
  }
  host_was_known_ = !lines.empty();
  if (host_was_known_) write_file(target_.known_hosts, lines, private_file);
}

void Adoption::log_in(Task& task) {
  const auto attempt = [&] {
    host_ = std::make_unique<RemoteHost>(runtime_.services.ssh, target_);
    facts_ = look_at_machine(*host_, task);
  };
  try {
    return attempt();
  } catch (const Error& error) {
    if (error.reason() == Reason::host_key_changed) {
      throw Error(fmt::format("{} shows another SSH host key than the one in your ~/.ssh/known_hosts. If you "
                              "know that it was rebuilt, forget that one: ssh-keygen -R {}",
                              target_.host, target_.host),
                  error.reason());
    }
    const bool refused = error.reason() == Reason::authentication_failed;
    if (!refused || !existing_.own_key) throw;
    task.info(fmt::format("{}. Asking its provider to let a key in for a minute...", error.what()));
    const auto driver = request_.type->open(existing_.record, runtime_.services);
    if (!driver->let_in(existing_.own_key->public_line, task)) {
      throw Error(
          fmt::format(
              "{}. Its provider lets no key in from outside: log in by the console in your provider's "
              "web pages, add a public key of yours to ~{}/.ssh/authorized_keys, and adopt it with that",
              error.what(), target_.user),
          error.reason());
    }
  }
  let_in_by_provider_ = true;
  target_.key_file = temporary("id_rsa").string();
  write_file(target_.key_file, existing_.own_key->private_pem, private_file);
  const Task limited = task.within(letting_in_limit);
  for (Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(4));;) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (error.reason() != Reason::authentication_failed) throw;
      if (limited.left().count() == 0) {
        throw Error(
            fmt::format("{}. Its provider took the key, but the host does not ask for such keys: in EC2 "
                        "the package ec2-instance-connect does, which many images have. Give a key of "
                        "yours instead",
                        error.what()),
            error.reason());
      }
    }
    backoff.pause(task);
  }
}

void Adoption::check_host_key() {
  if (request_.host_key.empty()) return;
  for (const HostKey& key : pinned_host_keys(target_.known_hosts, request_.name)) {
    if (fingerprint(key) == request_.host_key) return;
  }
  const auto keys = pinned_host_keys(target_.known_hosts, request_.name);
  throw Error(fmt::format("{} shows the SSH host key {} {}, and --host-key says {}: somebody else may be "
                          "answering there. Nothing was changed",
                          target_.host, keys.at(0).type, fingerprint(keys.at(0)), request_.host_key),
              Reason::host_key_changed);
}

void Adoption::look_around(Task& task) {
  if (!facts_.engine_there()) {
    throw Error(
        facts_.engine_is_snap
            ? fmt::format("Docker is a snap on {}, whose options cannot be set from outside", target_.host)
            : fmt::format("There is no Docker engine on {} that could be adopted. This installs one: "
                          "docker-machine create --driver generic --generic-ip-address {} NAME",
                          target_.host, target_.host));
  }
  if (!facts_.engine_running) {
    throw Error(
        fmt::format("The Docker engine on {} does not run: start it there (systemctl start docker), "
                    "then adopt it",
                    target_.host));
  }
  if (facts_.service_manager != "systemd") {
    throw Error(
        fmt::format("The engine on {} is not run by systemd: only such engines can be adopted. "
                    "\"docker-machine create --driver generic\" sets others up anew",
                    target_.host));
  }
  configuration_ = look_at_engine(*host_, facts_, task);
  door_ = in_context("/etc/docker/daemon.json on the host", [&] { return door_of(configuration_); });
  options_ = options_by_docker_machine(configuration_, facts_.distribution->storage_driver);
  if (!existing_.port_key.empty() && door_.port && door_.asks_for_certificates) {
    port_ = *door_.port;
    existing_.record[existing_.port_key] = port_;
  }
}

bool Adoption::answers_to(const TlsFiles& files, Task& task) const {
  Task limited = task.within(tls_limit);
  try {
    check_connection(runtime_.services.http, {.url = docker_url_of(target_.host, port_), .tls = files},
                     limited);
    return true;
  } catch (const Error& error) {
    task.check();
    task.debug(error.what());
    return false;
  }
}

/// Tested before anything is changed, since it is all that the machine will have.
void Adoption::check_own_certificates(Task& task) {
  write_file(temporary("ca.pem"), request_.certificates->authority, private_file);
  write_file(temporary("cert.pem"), request_.certificates->certificate, private_file);
  write_file(temporary("key.pem"), request_.certificates->key, private_file);
  const EngineAccess engine{
      .url = docker_url_of(target_.host, port_),
      .tls = {.ca = temporary("ca.pem"), .certificate = temporary("cert.pem"), .key = temporary("key.pem")}};
  Task limited = task.within(tls_limit);
  in_context(fmt::format("The engine at {} does not go with the certificates of --tls-ca-cert", engine.url),
             [&] { check_connection(runtime_.services.http, engine, limited); });
}

void Adoption::choose_way(Task& task) {
  const AuthOptions own = runtime_.store.default_auth(request_.name);
  const TlsFiles ours{
      .ca = own.ca_cert_path, .certificate = own.client_cert_path, .key = own.client_key_path};
  if (request_.transport == Transport::ssh) {
    way_ = Way::over_ssh;
  } else if (request_.certificates) {
    check_own_certificates(task);
    way_ = Way::theirs;
  } else if (is_there(ours.ca) && is_there(ours.certificate) && answers_to(ours, task)) {
    way_ = Way::ours;
  } else {
    check_rights(facts_);
    change_ = smallest_change(configuration_, facts_.distribution->paths.certificates, port_);
  }
}

void Adoption::tell_what_is_found() {
  auto& found = plan_.found;
  for (const auto& line : existing_.found) found.push_back(line);
  found.push_back(fmt::format("the host \"{}\" at {}, {}, logged in as {}", configuration_.hostname,
                              target_.host, facts_.os_release.pretty_name, facts_.user));
  const auto keys = pinned_host_keys(target_.known_hosts, request_.name);
  const bool verified = host_was_known_ || !request_.host_key.empty();
  if (!keys.empty()) {
    found.push_back(fmt::format(
        "its SSH host key {} {}, {}", keys.front().type, fingerprint(keys.front()),
        verified ? "which is the one that you know" : "which nobody has vouched for (see --host-key)"));
  }
}

void Adoption::tell_of_engine() {
  auto& found = plan_.found;
  found.push_back(fmt::format("Docker {}, {}", facts_.engine_version,
                              options_ ? "set up by docker-machine" : "set up by somebody else"));
  found.push_back("its command line: " + join(configuration_.command, " "));
  if (!trim(configuration_.engine_file).empty()) {
    const Json file = parse_json(configuration_.engine_file);
    std::vector<std::string> keys;
    for (const auto& [key, value] : file.items()) keys.push_back(key);
    found.push_back(
        fmt::format("/etc/docker/daemon.json, which sets {}", keys.empty() ? "nothing" : joined(keys)));
  }
  const auto& containers = configuration_.containers;
  found.push_back(containers.empty()
                      ? "no running container"
                      : fmt::format("{} running: {}",
                                    containers.size() == 1
                                        ? "a container that is"
                                        : fmt::format("{} containers that are", containers.size()),
                                    joined(containers)));
  plan_.notes.emplace_back("The host's name, its packages and its containers stay as they are.");
  switch (way_) {
    case Way::theirs:
      plan_.notes.emplace_back(
          "The engine keeps its certificates and its configuration, and is not restarted.");
      plan_.here.emplace_back("a copy of the engine's certificates, below " + runtime_.store.certs_folder());
      break;
    case Way::ours:
      plan_.notes.emplace_back(
          "The engine trusts this computer's certificates already: it keeps its own and is not restarted.");
      break;
    case Way::over_ssh:
      plan_.notes.emplace_back(
          "The engine keeps its configuration and is not restarted: it is reached over SSH.");
      break;
    case Way::new_files:
      break;
  }
}

void Adoption::tell_of_change() {
  auto& steps = plan_.on_host;
  const std::string& folder = facts_.distribution->paths.certificates;
  steps.push_back(
      fmt::format("{0}/ca.pem, {0}/server.pem and {0}/server-key.pem: new, signed by this computer's "
                  "authority. Who has a certificate of another one is not let in any more",
                  folder));
  if (!change_.engine_file.empty())
    steps.push_back(fmt::format("/etc/docker/daemon.json: {} set, all else stays", joined(change_.new_keys)));
  if (!change_.drop_in.empty()) {
    steps.push_back(fmt::format("{}: a new file, which appends {} to the engine's command line",
                                adopted_drop_in, join(change_.added, " ")));
  }
  if (!change_.were_plain.empty()) {
    steps.push_back(fmt::format("{}: asks for a certificate from then on, and did not so far",
                                joined(change_.were_plain)));
  }
  const bool may_stop = request_.containers != Containers::run_on;
  steps.push_back(
      configuration_.containers.empty()
          ? "the engine is restarted; no container runs on it"
          : fmt::format("the engine is restarted, by which its containers go on as the same processes "
                        "(live-restore); {}",
                        may_stop
                            ? "where that cannot be, they stop and start again as their restart policy says"
                            : "where that cannot be, nothing is changed"));
}

void Adoption::tell_of_login() {
  if (has_own_key()) {
    plan_.on_host.push_back(
        fmt::format("~{}/.ssh/authorized_keys: one more key, for this machine alone; all "
                    "others stay",
                    facts_.user));
  } else if (!existing_.key_file.empty()) {
    plan_.here.push_back(fmt::format("a copy of your SSH key {}", existing_.key_file));
  } else {
    plan_.notes.emplace_back("It is logged in to with your ssh-agent, or the keys in your .ssh folder.");
  }
  plan_.at_provider = existing_.changes;
  plan_.here.insert(plan_.here.begin(),
                    fmt::format("the machine \"{}\" in {}, with that SSH host key", request_.name,
                                runtime_.store.machine_folder(request_.name)));
  for (const auto& line : existing_.consequences) plan_.notes.push_back(line + ".");
}

// Doing.

/// Proves at once that the key works: later there may be no other one.
void Adoption::bring_key(Task& task) {
  if (!has_own_key()) return;
  task.info("Authorizing an SSH key...");
  const std::string mark = fmt::format("docker-machine:{}:{}", runtime_.store.id(task), request_.name);
  authorize_key(*host_, facts_, existing_.own_key->public_line, mark, task);
  SshTarget own = target_;
  own.key_file = temporary("id_rsa").string();
  write_file(own.key_file, existing_.own_key->private_pem, private_file);
  in_context("The key was added to authorized_keys, and is refused all the same",
             [&] { runtime_.services.ssh.connect(own, task); });
}

void Adoption::bring_certificates(Task& task) {
  if (way_ == Way::new_files || way_ == Way::ours) ensure_client_certificates(runtime_, machine_.auth, task);
  if (way_ == Way::ours || way_ == Way::theirs) fetch_certificate(task);
  if (way_ != Way::new_files) return;
  made_ = make_engine_certificates(runtime_, machine_, target_.host, task);
  task.info("Copying certs to the remote machine...");
  try {
    change_engine(*host_, facts_, change_, made_, request_.containers, task);
  } catch (const Error& error) {
    const bool would_stop = std::string_view(error.what()).contains("containers would stop");
    if (!would_stop) throw;
    throw Error(
        fmt::format("Nothing was changed: {}. Let them stop with --stop-containers, or leave the engine "
                    "alone with --transport ssh",
                    error.what()));
  }
}

/// A certificate that the engine keeps is known here too, so that its end does not come as a surprise.
void Adoption::fetch_certificate(Task& task) {
  if (door_.certificate.empty()) return;
  const auto shown = host_->ask(
      {.line = shell_for(facts_.privilege), .input = "cat " + shell_quote(door_.certificate)}, task);
  const auto all = certificates_in(shown.output);
  if (!all.empty()) made_.certificate = all.front();
}

/// The engine's own authority comes beside ours, as that of a machine that was imported.
void Adoption::keep_authority(Task& task) {
  if (way_ != Way::theirs) return;
  const auto lock = runtime_.store.lock_certificates(task);
  if (is_own_authority(runtime_.store, *request_.certificates)) return;
  keep_foreign_authority(runtime_.store, *request_.certificates);
  machine_.auth = foreign_auth(runtime_.store, request_.name, id_of(*request_.certificates));
}

std::vector<StoredFile> Adoption::files() const {
  std::vector<StoredFile> files{{"known_hosts", read_file(target_.known_hosts), private_file}};
  if (has_own_key()) {
    files.push_back({"id_rsa", existing_.own_key->private_pem, private_file});
    files.push_back({"id_rsa.pub", existing_.own_key->public_line + "\n", readable_file});
  } else if (!existing_.key_file.empty()) {
    const std::string name = imported_key_name(existing_.key_file);
    files.push_back({name, read_file(existing_.key_file), private_file});
    if (const auto beside = read_file_if_there(existing_.key_file + ".pub"))
      files.push_back({name + ".pub", *beside, private_file});
  }
  if (way_ != Way::over_ssh) {
    files.push_back({"ca.pem", read_file(machine_.auth.ca_cert_path), readable_file});
    files.push_back({"cert.pem", read_file(machine_.auth.client_cert_path), readable_file});
    files.push_back({"key.pem", read_file(machine_.auth.client_key_path), private_file});
  }
  if (!made_.certificate.empty()) files.push_back({"server.pem", made_.certificate, readable_file});
  if (!made_.key.empty()) files.push_back({"server-key.pem", made_.key, private_file});
  return files;
}

/// What is done once the machine is here; its failure takes nothing back.
void Adoption::settle(Task& task) {
  OpenMachine open = open_machine(runtime_, request_.name);
  try {
    Task driver_task = task.on(open.name());
    open.driver->claim(
        runtime_.store.id(task), [&] { save_machine(runtime_, open, task); }, driver_task);
    save_machine(runtime_, open, task);
  } catch (const Error& error) {
    task.warn(fmt::format("\"{}\" is here, but not all was changed at its provider that should be: {}",
                          open.name(), error.what()));
  }
  introduce(runtime_, open, task);
  if (way_ == Way::over_ssh) return;
  task.info("Checking connection to Docker...");
  try {
    wait_until_engine_answers(runtime_, open, OtherName::is_reported, task);
  } catch (const Error& error) {
    throw Error(
        fmt::format("\"{0}\" is a machine now, but its engine does not answer from here: {1}\nOpen its "
                    "port {2} to this computer, or talk to it with docker-machine env --transport ssh {0}",
                    open.name(), trim(error.what()), port_),
        error.reason());
  }
}

void Adoption::carry_out(Task& task) {
  const auto lock = runtime_.store.lock_machine(request_.name, task);
  machine_ = {.name = request_.name,
              .driver_name = request_.type->name(),
              .driver = existing_.record,
              .engine = options_.value_or(EngineOptions{}),
              .swarm = {},
              .auth = runtime_.store.default_auth(request_.name),
              .document = Json()};
  machine_.auth.server_cert_sans = request_.names;
  machine_.engine.install_url = install_script;
  std::string key_file;
  if (!existing_.key_file.empty()) key_file = file_in_store(imported_key_name(existing_.key_file));
  machine_.driver[key_in(machine_.driver, "SSHKeyPath")] = has_own_key() ? file_in_store("id_rsa") : key_file;
  bring_key(task);
  bring_certificates(task);
  keep_authority(task);
  runtime_.store.add(
      machine_, {.own_configuration = !options_ && way_ != Way::over_ssh, .over_ssh = way_ == Way::over_ssh},
      files());
  task.info(fmt::format("Machine \"{}\" is here now.", request_.name));
  settle(task);
}

}  // namespace dm
