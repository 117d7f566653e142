#pragma once
#include <string>
#include <vector>

#include "provision/remote_host.h"

namespace dm {

/// How commands get root's rights on a machine.
enum class Privilege {
  root,     ///< we are root
  sudo,     ///< sudo works without a password
  refused,  ///< there is sudo, and it wants a password or does not let us
  none,     ///< neither
};

/// One named piece of a script: POSIX shell code. What it can use beside the shell itself:
/// `fail TEXT` ends the script with TEXT as the error, `warn TEXT` and `tell TEXT` say something to the user,
/// `limited SECONDS COMMAND…` runs a command with a limit, `seconds_up` prints the seconds since boot,
/// `stage FILE MODE` writes its input beside FILE, and `replace_staged` puts all of these into place.
struct ScriptPart {
  std::string name;  ///< what it does, for errors, e.g. "restarting the engine"
  std::string code;
  Milliseconds limit = std::chrono::seconds(30);
};

/// Several parts that go to a machine in one command. The script travels on standard input, so that it and
/// the secrets in it stand in no process list, and any login shell will do.
class Script {
 public:
  void add(ScriptPart part) { parts_.push_back(std::move(part)); }
  bool empty() const { return parts_.empty(); }
  /// The whole script. Nothing of it runs unless all of it has arrived.
  std::string text() const;
  /// The sum of the parts' limits.
  Milliseconds limit() const;
  /// "PART, PART and PART", for the log.
  std::string description() const;

 private:
  std::vector<ScriptPart> parts_;
};

/// Runs a script with the given rights. Its output goes to the progress line and the debug log. If a part
/// fails: Error with the part's own words, or else "Error PART: exit status N", and the last 20 lines of the
/// part's output.
void run_script(RemoteHost& host, const Script& script, Privilege privilege, Task& task);

/// The command line that gives a script on standard input to a POSIX shell.
std::string shell_for(Privilege privilege);

/// A here-document that gives `content` to the command before it, byte for byte (and a newline at the end).
std::string here_document(const std::string& content);

}  // namespace dm
