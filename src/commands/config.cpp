// `config`: the options that make the docker client talk to a machine.
#include "base/strings.h"
#include "commands/machines.h"
#include "operations/connection.h"
#include "operations/provision_machine.h"
#include "operations/ssh_access.h"

namespace dm {
namespace {

int run(Context& context) {
  const std::string name = named_machines(context).front();
  OpenMachine open = open_machine(context.runtime, name);
  if (is_over_ssh(context.runtime, name)) {
    context.out << "-H=" << docker_ssh_url(context.runtime, open, context.task) << "\n";
    return 0;
  }
  const Target target = context.arguments.flags.boolean("swarm") ? Target::swarm : Target::engine;
  const std::string url = in_context("Error running connection boilerplate", [&] {
    return connected_url(context.runtime, open, target, OtherName::is_mended, context.task);
  });
  const std::string folder = context.runtime.store.machine_folder(name);
  context.out << "--tlsverify\n"
              << "--tlscacert=" << go_quote(folder + "/ca.pem") << "\n"
              << "--tlscert=" << go_quote(folder + "/cert.pem") << "\n"
              << "--tlskey=" << go_quote(folder + "/key.pem") << "\n"
              << "-H=" << url << "\n";
  return 0;
}

}  // namespace

extern const Command config_command;
const Command config_command{
    .syntax = {.name = "config",
               .summary = "Print the connection config for machine",
               .arguments = "Argument is a machine name.",
               .flags = {{.name = "swarm",
                          .kind = FlagKind::boolean,
                          .help = "Display the Swarm config instead of the Docker daemon"}}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machine};

}  // namespace dm
