// `mount`: a folder of a machine on this computer, by the user's own sshfs.
#include "base/process.h"
#include "commands/machines.h"
#include "operations/login.h"

namespace dm {
namespace {

std::string unmounting_program() {
  return find_program("fusermount") || !find_program("fusermount3") ? "fusermount" : "fusermount3";
}

int run(Context& context) {
  const auto& words = context.arguments.words;
  if (words.empty() || words.size() > 2) refuse_with_help(context, "Improper number of arguments");
  const bool unmount = context.arguments.flags.boolean("unmount");
  const auto colon = words[0].find(':');
  const std::string path = colon == std::string::npos ? words[0] : words[0].substr(colon + 1);
  const std::string& mount_point = words.size() == 2 ? words[1] : path;
  LocalCommand command;
  if (unmount) {
    const std::string program = unmounting_program();
    require_program(program, "to use the unmount option");
    command.arguments = {program, "-u", mount_point};
  } else {
    require_program("sshfs", "to use the mount feature");
    const CopyLocation folder = location_of(
        context.runtime, colon == std::string::npos ? "default:" + words[0] : words[0], context.task);
    if (!folder.machine) throw Error("localhost is this computer: name a machine", Reason::usage);
    command.arguments = sshfs_arguments(*folder.machine, folder.path, mount_point);
    command.arguments.insert(command.arguments.begin(), "sshfs");
  }
  context.out.flush();
  const int status = context.runtime.services.processes.run_in_foreground(command);
  if (status != 0) throw Error("exit status " + std::to_string(status));
  return 0;
}

}  // namespace

extern const Command mount_command;
const Command mount_command{.syntax = {.name = "mount",
                                       .summary = "Mount or unmount a directory from a machine with SSHFS.",
                                       .arguments = "Arguments are [machine:][path] [mountpoint]",
                                       .flags = {{.name = "unmount",
                                                  .kind = FlagKind::boolean,
                                                  .help = "Unmount instead of mount",
                                                  .aliases = {"u"}}}},
                            .run = run,
                            .operands = Operands::locations};

}  // namespace dm
