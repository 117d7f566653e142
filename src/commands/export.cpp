// `export`: machines in a file, or straight to another computer.
#include "operations/export_machines.h"

#include "commands/bundle_file.h"
#include "commands/machines.h"
#include "operations/remote_import.h"
#include "operations/share_authority.h"

namespace dm {
namespace {

Packing packing_of(const FlagValues& flags) {
  return {.credentials = flags.boolean("with-credentials") ? Credentials::resolved : Credentials::withheld,
          .authority_key = flags.boolean("with-ca-key") ? AuthorityKey::travels : AuthorityKey::stays};
}

Bundle bundle_of(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (!flags.boolean("ca"))
    return export_machines(context.runtime, named_machines(context), packing_of(flags), context.task);
  if (!context.arguments.words.empty())
    throw Error("--ca exports the authority alone: name no machines", Reason::usage);
  if (flags.boolean("with-credentials") || flags.boolean("with-ca-key")) {
    throw Error(
        "--ca exports the authority alone, with its key: leave out --with-credentials and --with-ca-key",
        Reason::usage);
  }
  return export_authority(context.runtime, context.task);
}

int send(Context& context, const std::string& host) {
  const FlagValues& flags = context.arguments.flags;
  if (!flags.text("output").empty() || !flags.text("passphrase-file").empty() ||
      !flags.list("recipient").empty() || flags.boolean("no-encrypt")) {
    throw Error("--to writes no file, and SSH encrypts: leave out -o and how to encrypt", Reason::usage);
  }
  new_names(context);
  std::vector<std::string> arguments;
  for (const auto& name : flags.list("as")) arguments.insert(arguments.end(), {"--as", name});
  import_on(context.runtime, host, for_safe_channel(context, bundle_of(context)), arguments, context.task);
  return 0;
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (const auto& host = flags.text("to"); !host.empty()) return send(context, host);
  if (!flags.list("as").empty())
    throw Error("--as goes with --to; who imports a file names the machines", Reason::usage);
  check_writing_flags(context);
  write_bundle(context, bundle_of(context));
  return 0;
}

std::vector<Flag> flags() {
  std::vector<Flag> all = writing_flags();
  all.push_back({.name = "with-credentials",
                 .kind = FlagKind::boolean,
                 .help = "Take the providers' credentials along"});
  all.push_back({.name = "with-ca-key",
                 .kind = FlagKind::boolean,
                 .help = "Take the CA's private key along, so that certificates can be renewed there"});
  all.push_back({.name = "to", .help = "Import it on this computer instead, over SSH: [USER@]HOST"});
  all.push_back(
      {.name = "as", .kind = FlagKind::list, .help = "With --to: another name there, NEW or OLD=NEW"});
  all.push_back({.name = "ca",
                 .kind = FlagKind::boolean,
                 .help = "Export the CA with its private key, for another computer to sign with"});
  return all;
}

}  // namespace

extern const Command export_command;
const Command export_command{.syntax = {.name = "export",
                                        .summary = "Write machines to a file, for another computer",
                                        .arguments = "Argument(s) are one or more machine names.",
                                        .flags = flags()},
                             .run = run,
                             .messages = Messages::on_error,
                             .operands = Operands::machines};

}  // namespace dm
