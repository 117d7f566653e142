#pragma once
#include <string>
#include <vector>

#include "provision/facts.h"
#include "provision/gentle_restart.h"
#include "ssh/known_hosts.h"

namespace dm {

// A machine lets single people in: each has a certificate of their own in the engine's trust file, beside the
// authority, and SSH keys of their own in authorized_keys. A mark with their name tells these from all else:
// a line "# docker-machine access WHO" in front of a certificate, and "docker-machine access WHO" as a key's
// comment.

/// A certificate (PEM) that stands in an engine's trust file for one person.
struct GrantedCertificate {
  std::string who, certificate;
};
/// A public SSH key that one person was given.
struct GrantedKey {
  std::string who;
  HostKey key;
};

/// What a machine says of whom it lets in.
struct HostAccess {
  std::string trust_file;        ///< the content of the engine's
  std::string authorized_keys;   ///< of the user whom we log in as
  bool restart_pending = false;  ///< the engine has not read its trust file since that was changed
};

/// Those in a trust file that bear our mark, and those in authorized_keys.
std::vector<GrantedCertificate> granted_certificates(const std::string& trust_file);
std::vector<GrantedKey> granted_keys(const std::string& authorized_keys);

/// Asks the machine; changes nothing. Error if we may not read there.
HostAccess read_access(RemoteHost& host, const MachineFacts& facts, Task& task);

/// Makes these the SSH keys of one person, for the user whom we log in as; none: takes them away. Other lines
/// of authorized_keys stay.
void set_ssh_keys(RemoteHost& host, const std::string& who, const std::vector<HostKey>& keys, Task& task);

/// Makes this the certificate of one person, or takes theirs away if it is "", and restarts the engine, since
/// it reads its trust file only when it starts. With Containers::run_on nothing is changed if containers
/// would stop: Error that says why.
void set_certificate(RemoteHost& host, const MachineFacts& facts, const GrantedCertificate& wanted, int port,
                     Containers containers, Task& task);

/// Ends the open SSH connections that were logged in to with one of these keys, as far as the machine's
/// journal tells; ours stays.
void end_ssh_sessions(RemoteHost& host, const MachineFacts& facts, const std::vector<HostKey>& keys,
                      Task& task);

/// The part of a script that adds to a trust file, which was staged anew, what the old one grants.
std::string keep_granted_code(const std::string& trust_file);

}  // namespace dm
