#pragma once
#include <optional>
#include <string>

#include "model/state.h"

namespace dm {

/// How to log in to a machine.
struct SshTarget {
  std::string host;
  int port = 22;
  std::string user = "root";
  std::string key_file;     ///< private key; empty: the agent's keys and the user's default ones
  std::string known_hosts;  ///< the machine's own file of host keys; pinned there on first contact
  std::string
      host_alias;  ///< the name that the key stands under in that file: the machine's, since addresses change
};

/// Where a machine can be reached, as last known. Costs no call to anybody.
struct Endpoint {
  std::string address;           ///< as `ip` prints it; empty: not known
  std::optional<SshTarget> ssh;  ///< none if the machine has no SSH
  std::string docker_url;        ///< as `url` prints it, e.g. "tcp://192.0.2.7:2376"; empty: not known
};

/// What its provider says of a machine now: state and address in one answer.
struct Observation {
  State state = State::none;
  Endpoint endpoint;
};

/// The parts of "tcp://HOST:PORT".
struct UrlParts {
  std::string host;  ///< without brackets
  int port = 0;      ///< 0: none given
};

/// Takes a docker URL apart; nothing if it has no scheme or host.
std::optional<UrlParts> parse_docker_url(const std::string& url);

}  // namespace dm
