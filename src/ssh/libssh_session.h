#pragma once
#include <memory>

#include "ssh/libssh_link.h"
#include "ssh/ssh.h"

namespace dm {

class LibsshChannel;

/// Commands on an authenticated link. One round trip each: the channel for the next command is opened while
/// one runs, and a command's input follows its request at once. For the files of this folder only.
class LibsshSession final : public SshSession {
 public:
  explicit LibsshSession(std::unique_ptr<LibsshLink> link);
  ~LibsshSession() override;
  CommandResult run(const RemoteCommand& command, Task& task) override;

 private:
  void open_spare();
  std::unique_ptr<LibsshChannel> take_channel(const Task& task);
  CommandResult execute(const RemoteCommand& command, const Task& task);
  void hang_up();
  Error lost(const std::string& line) const;

  std::unique_ptr<LibsshLink> link_;
  std::unique_ptr<LibsshChannel> spare_;
  bool spares_allowed_ = true;
};

}  // namespace dm
