#pragma once
#include <string>
#include <vector>

#include "operations/runtime.h"

namespace dm {

/// What a check has come to.
enum class CheckState {
  ok,
  wrong,
  mended,          ///< it was wrong, something was done, and it is ok now
  unknown,         ///< it could not be looked at, or says nothing against the machine, as that it is off
  not_applicable,  ///< a machine of this kind has nothing to be checked; never reported
};

/// One thing that was looked at, in words for the user; what does not apply is "".
struct Finding {
  std::string check;
  CheckState state = CheckState::ok;
  std::string what;  ///< the facts
  std::string why;   ///< the likely cause, or what comes of it
  std::string mend;  ///< how it is mended: a command, or that --fix does it
  std::string done;  ///< what was done about it, whether it helped or not
};

/// Whether a machine is only looked at.
enum class Treatment { look, mend };

/// Looks for whatever may lock the user out of a machine, in the order in which one thing depends on another:
/// of the consequences of a cause, none is reported. With Treatment::look nothing is changed anywhere; else
/// what can be mended is, over SSH if TLS is broken, and through the engine if SSH is, and looked at again.
/// Running containers go on. Ends in time also where somebody accepts connections and says nothing. Throws
/// only Cancelled. Says on the log what it is at.
std::vector<Finding> examine_machine(const Runtime& runtime, const std::string& name, Treatment treatment,
                                     const Task& task);

}  // namespace dm
