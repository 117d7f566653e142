#pragma once
#include <stdexcept>
#include <string>

namespace dm {

/// Why something failed, as far as a caller may act on it; main turns it into the exit code.
enum class Reason {
  failed,                 ///< anything without a meaning of its own
  usage,                  ///< the command line is wrong
  not_found,              ///< what was named does not exist
  already_exists,         ///< what was to be made is there
  check_failed,           ///< a driver refused before anything was created (exit code 3)
  unreachable,            ///< no answer from the other side: trying again may help
  authentication_failed,  ///< the other side answered and refused our key or certificate
  host_key_changed,       ///< the SSH server is not the one that we knew: never try again
  timed_out,              ///< a deadline passed
};

/// A failure, told to the user in `what()`. Thread-safe to copy and throw.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, Reason reason = Reason::failed)
      : std::runtime_error(message), reason_(reason) {}

  Reason reason() const { return reason_; }

  /// The same failure with its context in front: "CONTEXT: MESSAGE".
  Error within(const std::string& context) const { return Error(context + ": " + what(), reason_); }

 private:
  Reason reason_;
};

/// The user (or a signal) asked to stop. Deliberately no std::exception: no handler for failures swallows it.
class Cancelled {};

/// Runs `work`; an Error that leaves it gets "CONTEXT: " put in front.
template <typename Work>
auto in_context(const std::string& context, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw error.within(context);
  }
}

}  // namespace dm
