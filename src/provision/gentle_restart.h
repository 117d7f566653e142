#pragma once
#include <string>
#include <vector>

#include "provision/facts.h"
#include "provision/remote_shell.h"

namespace dm {

/// What becomes of the containers that run when their engine has to be restarted.
enum class Containers {
  may_stop,            ///< the engine is restarted as it is
  run_on_if_they_can,  ///< live-restore keeps them running; where it cannot be had they stop, with a warning
  run_on               ///< live-restore keeps them running; where it cannot be had nothing is changed: Error
};

/// The content of a daemon.json with live-restore set, everything else as it is; Error if it is no JSON
/// object.
std::string with_live_restore(const std::string& engine_file, bool wanted);

/// What goes before a restart of the engine by which its containers run on, and what goes after it. The first
/// part sets live-restore by a reload (SIGHUP) of /etc/docker/daemon.json, if containers run, and fails or
/// warns if that cannot be; the last one makes sure that the containers are the same processes as before, and
/// puts daemon.json and live-restore back as they were, also if an earlier run was interrupted in between.
struct GentleRestart {
  ScriptPart before, after;
};
/// Where a gentle restart is wanted at all.
struct GentleConsent {
  std::string command = ":";                                    ///< a shell command that succeeds there
  std::string otherwise = "it gets other options than it had";  ///< why not, where it fails
  std::string remedy = {};  ///< what the user can do about an obstacle, as the end of a sentence
};
GentleRestart gentle_restart(const MachineFacts& facts, Containers containers,
                             const GentleConsent& consent = {});

}  // namespace dm
