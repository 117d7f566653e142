#pragma once
#include <string>
#include <vector>

#include "docker/engine.h"

namespace dm {

/// Shell lines for the host of an engine, run by root in the host's own name spaces, with nothing but the
/// engine's API: in a container that shares them, and whose image is empty but for links into the host's own
/// folders, so that the host's programs run in it. No registry is asked. One thread at a time.
class HostShell {
 public:
  HostShell(HttpClient& http, EngineAccess engine) : http_(http), engine_(std::move(engine)) {}

  /// Runs a line to its end; `input`, where secrets belong, is its standard input, and `output` and `error`
  /// take what it says. Gives its exit status. The container and its image are gone afterwards, also after a
  /// failure, and so is what a broken-off call has left. Error if the engine does not let us.
  int run(const std::string& line, const std::string& input, const Sink& output, const Sink& error,
          Task& task);

 private:
  HttpClient& http_;
  EngineAccess engine_;
  std::vector<std::string> capabilities_;  ///< those of the host's process 1; none: not asked yet
};

}  // namespace dm
