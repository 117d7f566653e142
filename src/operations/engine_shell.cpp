// A machine's shell, through its engine.
#include "operations/engine_shell.h"

namespace dm {
namespace {

class EngineSession final : public SshSession {
 public:
  explicit EngineSession(HostShell& shell) : shell_(shell) {}

  CommandResult run(const RemoteCommand& command, Task& task) override {
    Task limited = task.within(command.limit);
    CommandResult result;
    const Sink output =
        command.output ? command.output : [&](std::string_view text) { result.output += text; };
    const Sink error = command.error    ? command.error
                       : command.output ? command.output
                                        : [&](std::string_view text) { result.error += text; };
    result.status = shell_.run(command.line, command.input, output, error, limited);
    return result;
  }

 private:
  HostShell& shell_;
};

}  // namespace

std::unique_ptr<SshSession> EngineShell::connect(const SshTarget&, Task&) {
  return std::make_unique<EngineSession>(shell_);
}

}  // namespace dm
