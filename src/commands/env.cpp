// `env`: lines for a shell that point the docker client to a machine, or away from it.
#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "commands/machines.h"
#include "operations/connection.h"
#include "operations/expiry.h"
#include "operations/provision_machine.h"
#include "operations/ssh_access.h"
#include "shell/shell.h"

namespace dm {
namespace {

std::string shell_name(const Context& context) {
  const std::string& wanted = context.arguments.flags.text("shell");
  if (!wanted.empty()) return wanted;
  const Environment& environment = context.runtime.services.environment;
  return std::filesystem::path(environment.variable_or("SHELL", "sh")).filename().string();
}

/// The command line as typed, for the hint.
std::string typed(const Context& context) {
  auto words = context.application.command_line;
  const bool is_command = words.front() == name_as_plugin;
  if (!is_command && words.front().find_first_of(" \\") != std::string::npos)
    words.front() = '"' + words.front() + '"';
  return join(words, " ");
}

std::string proxy_variable(const Environment& environment) {
  return environment.variable("no_proxy") ? "no_proxy" : "NO_PROXY";
}

std::string without_proxy_for(const std::string& address, const std::string& exceptions) {
  const auto hosts = split(exceptions, ',');
  const bool listed = std::ranges::any_of(hosts, [&](const auto& host) { return trim(host) == address; });
  if (listed) return exceptions;
  return exceptions.empty() ? address : exceptions + "," + address;
}

int set(Context& context, const Shell& shell) {
  const std::string name = named_machine(context);
  const FlagValues& flags = context.arguments.flags;
  OpenMachine open = open_machine(context.runtime, name);
  const Machine* const machine = &open.machine;
  const std::string warning = expiry_warning(context.runtime, {&machine, 1});
  if (!warning.empty()) context.task.warn(warning);
  const Target target = flags.boolean("swarm") ? Target::swarm : Target::engine;
  const std::string url = in_context("Error checking TLS connection", [&] {
    return connected_url(context.runtime, open, target, OtherName::is_mended, context.task);
  });
  context.out << set_line(shell, "DOCKER_TLS_VERIFY", "1") << set_line(shell, "DOCKER_HOST", url)
              << set_line(shell, "DOCKER_CERT_PATH", context.runtime.store.machine_folder(name))
              << set_line(shell, "DOCKER_MACHINE_NAME", name);
  if (flags.boolean("no-proxy")) {
    const Environment& environment = context.runtime.services.environment;
    const std::string variable = proxy_variable(environment);
    context.out << set_line(
        shell, variable,
        without_proxy_for(open.driver->endpoint().address, environment.variable_or(variable, "")));
  }
  context.out << hint(shell, typed(context));
  return 0;
}

int set_over_ssh(Context& context, const Shell& shell) {
  const std::string name = named_machine(context);
  const OpenMachine open = open_machine(context.runtime, name);
  const std::string url = docker_ssh_url(context.runtime, open, context.task);
  context.out << unset_line(shell, "DOCKER_TLS_VERIFY") << set_line(shell, "DOCKER_HOST", url)
              << unset_line(shell, "DOCKER_CERT_PATH") << set_line(shell, "DOCKER_MACHINE_NAME", name)
              << hint(shell, typed(context));
  return 0;
}

int unset(Context& context, const Shell& shell) {
  if (!context.arguments.words.empty()) {
    throw Error("Error: Expected no machine name when the -u flag is present", Reason::usage);
  }
  for (const char* variable :
       {"DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"}) {
    context.out << unset_line(shell, variable);
  }
  if (context.arguments.flags.boolean("no-proxy")) {
    context.out << unset_line(shell, proxy_variable(context.runtime.services.environment));
  }
  context.out << hint(shell, typed(context));
  return 0;
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  if (flag == "transport") return {"ssh", "tls"};
  if (flag != "shell") return {};
  return {"bash", "cmd", "emacs", "fish", "powershell", "sh", "tcsh", "zsh"};
}

/// As the user says, else as this machine was adopted.
std::string transport_of(const Context& context) {
  const FlagValues& flags = context.arguments.flags;
  if (flags.given("transport") || flags.boolean("unset")) return flags.text("transport");
  return is_over_ssh(context.runtime, named_machine(context)) ? "ssh" : flags.text("transport");
}

int run(Context& context) {
  const Shell& shell = shell_named(shell_name(context));
  const std::string transport = transport_of(context);
  if (transport != "tls" && transport != "ssh")
    throw Error("--transport " + go_quote(transport) + ": give tls or ssh", Reason::usage);
  if (context.arguments.flags.boolean("unset")) return unset(context, shell);
  return transport == "ssh" ? set_over_ssh(context, shell) : set(context, shell);
}

}  // namespace

extern const Command env_command;
const Command env_command{
    .syntax =
        {.name = "env",
         .summary = "Display the commands to set up the environment for the Docker client",
         .arguments = "Argument is a machine name.",
         .flags =
             {{.name = "swarm",
               .kind = FlagKind::boolean,
               .help = "Display the Swarm config instead of the Docker daemon"},
              {.name = "shell",
               .help = "Force environment to be configured for a specified shell: [fish, cmd, powershell, "
                       "tcsh, emacs], default is auto-detect"},
              {.name = "unset",
               .kind = FlagKind::boolean,
               .help = "Unset variables instead of setting them",
               .aliases = {"u"}},
              {.name = "no-proxy",
               .kind = FlagKind::boolean,
               .help = "Add machine IP to NO_PROXY environment variable"},
              {.name = "transport",
               .help = "How the docker client reaches the engine: tls, or ssh, which needs no open port 2376",
               .otherwise = std::string("tls")}}},
    .run = run,
    .messages = Messages::on_error,
    .operands = Operands::machine,
    .choices = choices};

}  // namespace dm
