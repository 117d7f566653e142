#pragma once
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/http.h"

namespace dm {

/// How to talk to a machine's Docker engine.
struct EngineAccess {
  std::string url;  ///< "tcp://HOST:PORT"
  TlsFiles tls;
};

/// What an engine says of itself.
struct EngineVersion {
  std::string version;      ///< e.g. "20.10.24+dfsg1"
  std::string api;          ///< newest API that it speaks, e.g. "1.41"
  std::string minimum_api;  ///< oldest one
};

/// One engine's answer among many.
struct EngineAnswer {
  std::optional<EngineVersion> version;
  std::optional<Error> error;  ///< the bare reason, e.g. "Cannot connect to the docker engine endpoint"
  Milliseconds took{0};
};

/// An answer of an engine that took us in.
struct Greeting {
  std::chrono::system_clock::time_point time;  ///< by the engine's clock, in seconds
};

/// A request for a path of the engine's API; Error if its URL is none.
HttpRequest engine_request(const EngineAccess& engine, const std::string& path);

/// As check_connection, but quicker to give up: within `limit`. Nothing if the answer has no date.
std::optional<Greeting> greet(HttpClient& http, const EngineAccess& engine, Milliseconds limit, Task& task);

/// Asks the engine's version without naming an API version, so that any engine, old or new, answers.
EngineVersion engine_version(HttpClient& http, const EngineAccess& engine, Task& task);
/// The same for many at once, in one thread.
std::vector<EngineAnswer> engine_versions(HttpClient& http, std::span<const EngineAccess> engines,
                                          Task& task);
/// Makes sure that over TLS somebody answers who has a certificate of our authority for this address, and
/// accepts ours; Error with the cause (as the original words it) if not.
void check_connection(HttpClient& http, const EngineAccess& engine, Task& task);

}  // namespace dm
