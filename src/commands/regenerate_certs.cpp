// `regenerate-certs`: new certificates for a machine's engine.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "commands/machines.h"
#include "operations/authority_change.h"
#include "operations/certificates.h"
#include "operations/contexts.h"
#include "operations/engine_settings.h"
#include "operations/foreign_authority.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

void add_names(const Runtime& runtime, OpenMachine& open, const std::vector<std::string>& names,
               const Task& task) {
  auto& known = open.machine.auth.server_cert_sans;
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  }
  if (!names.empty()) save_machine(runtime, open, task);
}

/// Before anything is asked or done.
void check_authority_flags(const Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (!flags.boolean("ca")) return;
  if (!context.arguments.words.empty() || !flags.list("tls-san").empty())
    throw Error("--ca concerns all machines: it takes no names, and no --tls-san", Reason::usage);
  if (flags.boolean("client-certs"))
    throw Error("--ca renews the client certificate too: leave out --client-certs", Reason::usage);
  if (flags.boolean("adopt-ca")) {
    throw Error(
        "--ca replaces this computer's own CA, and --adopt-ca is for one imported machine: give one of "
        "the two",
        Reason::usage);
  }
}

int replace_authority(Context& context) {
  const auto waiting = change_authority(context.runtime, context.task);
  refresh_contexts(context.runtime, context.task);
  if (waiting.empty()) return 0;
  std::string text =
      "The change of the certificate authority waits for these machines, which are used as before:";
  for (const auto& one : waiting) text += fmt::format("\n  {}: {}", one.machine, one.reason);
  throw Error(text +
              "\nGo on when they can be reached, or without those that were removed: docker-machine "
              "regenerate-certs --ca");
}

/// Nothing is renewed, not even the client's certificate, if that ends with a machine that nobody can sign
/// for.
void check_authority_keys(const Context& context) {
  if (context.arguments.flags.boolean("adopt-ca")) return;
  const Store& store = context.runtime.store;
  for (const auto& name : context.arguments.words) {
    if (store.exists(name)) require_authority_key(store, store.load(name));
  }
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const auto& names = flags.list("tls-san");
  check_sans(names);
  check_authority_flags(context);
  if (!flags.boolean("force")) {
    const auto answer = ask(context, "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ");
    if (answer.find_first_of(" \t") != std::string::npos) throw Error("expected newline");
    if (!lower(answer).starts_with('y')) return 0;
  }
  context.task.info("Regenerating TLS certificates");
  if (flags.boolean("ca")) return replace_authority(context);
  if (flags.boolean("client-certs")) {
    check_authority_keys(context);
    context.task.info("Regenerating local certificates");
    renew_shared_client_certificate(context.runtime, context.task);
    refresh_contexts(context.runtime, context.task);
    const bool nobody_meant = context.arguments.words.empty() && !context.runtime.store.exists("default");
    if (nobody_meant && names.empty()) return 0;
  }
  return on_machines(context, [&](const std::string& name, Task& task) {
    const auto lock = context.runtime.store.lock_machine(name, task);
    OpenMachine open = open_machine(context.runtime, name);
    add_names(context.runtime, open, names, task);
    if (flags.boolean("adopt-ca")) adopt_own_authority(context.runtime.store, open.machine);
    renew_machine(context.runtime, open, task);
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
                    .help = "Also regenerate the client certificate"},
                   {.name = "ca",
                    .kind = FlagKind::boolean,
                    .help = "Replace the CA, and with it the certificates of the client and of all "
                            "machines, none of which is out of reach meanwhile"},
                   {.name = "adopt-ca",
                    .kind = FlagKind::boolean,
                    .help = "Let this computer's own CA sign from now on for a machine that was imported"},
                   {.name = "tls-san",
                    .kind = FlagKind::list,
                    .help = "Host name or address that the certificate shall name too, now and later"}}},
    .run = run,
    .operands = Operands::machines};

}  // namespace dm
