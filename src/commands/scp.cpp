// `scp`: the user's own scp (or rsync), between this computer and machines.
#include "base/strings.h"
#include "commands/machines.h"
#include "operations/login.h"
#include "ssh/openssh.h"

namespace dm {
namespace {

/// A file for the time of one command.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(folder() / ("docker-machine-" + random_hex(16))) {
    write_new_file(path_, content, private_file);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  static fs::path folder() {
    std::error_code unusable;
    const fs::path folder = fs::temp_directory_path(unusable);
    return unusable ? fs::path("/tmp") : folder;
  }

  fs::path path_;
};

int run(Context& context) {
  const auto& words = context.arguments.words;
  const FlagValues& flags = context.arguments.flags;
  if (words.size() != 2) refuse_with_help(context, "Improper number of arguments");
  const bool delta = flags.boolean("delta");
  if (delta)
    require_program("rsync", "to use the --delta option");
  else
    require_program("scp", "to use the scp feature");

  const CopyLocation source = location_of(context.runtime, words[0], context.task);
  const CopyLocation destination = location_of(context.runtime, words[1], context.task);
  const CopyOptions options{.recursive = flags.boolean("recursive"), .quiet = flags.boolean("quiet")};
  std::optional<TemporaryFile> config;
  LocalCommand command;
  if (delta) {
    command.arguments = rsync_arguments(source, destination, options);
  } else {
    if (needs_ssh_config(source, destination)) config.emplace(ssh_config(source, destination));
    command.arguments = scp_arguments(source, destination, options, config ? config->path() : "");
  }
  command.arguments.insert(command.arguments.begin(), delta ? "rsync" : "scp");
  context.out.flush();
  const int status = context.runtime.services.processes.run_in_foreground(command);
  if (status != 0) throw Error("exit status " + std::to_string(status));
  return 0;
}

}  // namespace

extern const Command scp_command;
const Command scp_command{
    .syntax =
        {.name = "scp",
         .summary = "Copy files between machines",
         .arguments = "Arguments are [[user@]machine:][path] [[user@]machine:][path].",
         .flags =
             {{.name = "recursive",
               .kind = FlagKind::boolean,
               .help = "Copy files recursively (required to copy directories)",
               .aliases = {"r"}},
              {.name = "delta",
               .kind = FlagKind::boolean,
               .help = "Reduce amount of data sent over network by sending only the differences (uses rsync)",
               .aliases = {"d"}},
              {.name = "quiet",
               .kind = FlagKind::boolean,
               .help = "Disables the progress meter as well as warning and diagnostic messages from ssh",
               .aliases = {"q"}}}},
    .run = run,
    .operands = Operands::locations};

}  // namespace dm
