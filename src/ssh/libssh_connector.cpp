// From a target to an authenticated SSH connection: TCP, key exchange, host key, login.
#include "ssh/libssh_connector.h"

#include <fmt/core.h>
#include <libssh/libssh.h>

#include <algorithm>

#include "base/strings.h"
#include "ssh/known_hosts.h"
#include "ssh/libssh_authentication.h"
#include "ssh/libssh_session.h"

namespace dm {
namespace {

/// How long one attempt may take, from the name's look-up to the login.
constexpr Milliseconds attempt_limit = std::chrono::seconds(20);

std::string alias_of(const SshTarget& target) {
  return target.host_alias.empty() ? target.host : target.host_alias;
}

/// The signature algorithms to offer: those of the pinned keys first, so that a server with several keys
/// shows the one that we know.
std::string host_key_types(const std::vector<HostKey>& pinned) {
  std::vector<std::string> types{"ssh-ed25519",         "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                 "ecdsa-sha2-nistp521", "rsa-sha2-512",        "rsa-sha2-256"};
  std::stable_partition(types.begin(), types.end(), [&](const std::string& type) {
    return std::ranges::any_of(pinned, [&](const HostKey& key) {
      return key.type == type || (key.type == "ssh-rsa" && type.starts_with("rsa-"));
    });
  });
  return join(types, ",");
}

HostKey offered_key(const LibsshLink& link) {
  ssh_key key = nullptr;
  char* base64 = nullptr;
  HostKey offered;
  if (ssh_get_server_publickey(link.session(), &key) == SSH_OK) {
    const char* ecdsa = ssh_pki_key_ecdsa_name(key);
    const bool is_ecdsa = std::string_view(ssh_key_type_to_char(ssh_key_type(key))).starts_with("ecdsa");
    offered.type = is_ecdsa && ecdsa != nullptr ? ecdsa : ssh_key_type_to_char(ssh_key_type(key));
    if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK) offered.base64 = base64;
    ssh_string_free_char(base64);
  }
  ssh_key_free(key);
  if (offered.base64.empty()) {
    throw Error(fmt::format("the SSH server at {} has an unreadable host key", link.name()),
                Reason::unreachable);
  }
  return offered;
}

void exchange_keys(LibsshLink& link, const Task& task) {
  const int code = link.complete(SSH_AGAIN, task, [&] { return ssh_connect(link.session()); });
  if (code == SSH_OK) return;
  throw Error(
      fmt::format("what answers at {} does not complete the SSH handshake: {}", link.name(), link.failure()),
      Reason::unreachable);
}

std::unique_ptr<LibsshLink> try_to_open(const SshTarget& target, const Environment& environment,
                                        const Task& task) {
  const auto alias = alias_of(target);
  const auto pinned = pinned_host_keys(target.known_hosts, alias);
  auto link = std::make_unique<LibsshLink>(target, environment.home(), host_key_types(pinned),
                                           connect_tcp(target.host, target.port, task));
  exchange_keys(*link, task);
  const auto offered = offered_key(*link);
  const bool known = std::ranges::find(pinned, offered) != pinned.end();
  if (!known && !pinned.empty()) throw changed_host_key(target.known_hosts, alias, pinned, offered);
  authenticate(*link, target, environment, task);
  // Only now: an address that belonged to another machine a moment ago refuses our key, and must not be
  // remembered.
  if (!known) pin_host_key(target.known_hosts, alias, offered);
  return link;
}

}  // namespace

std::unique_ptr<LibsshLink> open_link(const SshTarget& target, const Environment& environment,
                                      const Task& task) {
  task.check();
  const auto where = host_port(target.host, target.port);
  if (target.known_hosts.empty()) {
    throw Error(fmt::format("no file is named to pin the SSH host key of {} in", where));
  }
  const Task limited = task.within(attempt_limit);
  try {
    return try_to_open(target, environment, limited);
  } catch (const Error& error) {
    if (error.reason() != Reason::timed_out || limited.left().count() > 0) throw;
    throw Error(fmt::format("the SSH server at {} did not answer in time", where), Reason::timed_out);
  }
}

std::unique_ptr<SshSession> LibsshConnector::connect(const SshTarget& target, Task& task) {
  return std::make_unique<LibsshSession>(open_link(target, environment_, task));
}

}  // namespace dm
