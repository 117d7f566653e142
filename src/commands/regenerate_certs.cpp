// `regenerate-certs`: new certificates for a machine's engine.
#include "base/strings.h"
#include "commands/machines.h"
#include "operations/certificates.h"
#include "operations/foreign_authority.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (!flags.boolean("force")) {
    const auto answer = ask(context, "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ");
    if (!lower(answer).starts_with('y')) return 0;
  }
  context.task.info("Regenerating TLS certificates");
  return on_machines(context, [&](const std::string& name, Task& task) {
    const auto lock = context.runtime.store.lock_machine(name, task);
    OpenMachine open = open_machine(context.runtime, name);
    if (flags.boolean("adopt-ca")) adopt_own_authority(context.runtime.store, open.machine);
    require_authority_key(context.runtime.store, open.machine);
    if (flags.boolean("client-certs")) {
      task.info("Regenerating local certificates");
      ensure_client_certificates(context.runtime, open.machine.auth, task);
    }
    provision_machine(context.runtime, open, task);
  });
}

}  // namespace

extern const Command regenerate_certs_command;
const Command regenerate_certs_command{
    .syntax =
        {.name = "regenerate-certs",
         .summary = "Regenerate TLS Certificates for a machine",
         .arguments = "Argument(s) are one or more machine names.",
         .flags = {{.name = "force",
                    .kind = FlagKind::boolean,
                    .help = "Force rebuild and do not prompt",
                    .aliases = {"f"}},
                   {.name = "client-certs",
                    .kind = FlagKind::boolean,
                    .help = "Also regenerate client certificates and CA."},
                   {.name = "adopt-ca",
                    .kind = FlagKind::boolean,
                    .help = "Let this computer's own CA sign from now on for a machine that was imported"}}},
    .run = run,
    .operands = Operands::machines};

}  // namespace dm
