#pragma once
#include "docker/host_shell.h"
#include "ssh/ssh.h"

namespace dm {

/// A machine's shell by way of its engine, for when SSH is broken: what is sent to a RemoteHost with this
/// connector is run on the machine by root, in a container (see HostShell). Outlives its sessions; one thread
/// at a time.
class EngineShell final : public SshConnector {
 public:
  EngineShell(HttpClient& http, EngineAccess engine) : shell_(http, std::move(engine)) {}
  /// The target says nothing here: the engine's certificate proves whose shell it is.
  std::unique_ptr<SshSession> connect(const SshTarget& target, Task& task) override;

 private:
  HostShell shell_;
};

}  // namespace dm
