// `adopt`: a host, instance or droplet that exists becomes a machine.
#include "operations/adopt.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "commands/driver_words.h"
#include "commands/machines.h"
#include "drivers/catalogue.h"
#include "operations/create.h"

namespace dm {
namespace {

constexpr auto usual_driver = "generic";

std::vector<Flag> driver_flags(std::span<const std::string> arguments, const Runtime& runtime, Task& task) {
  const std::string named = driver_named_in(arguments).value_or("");
  DriverType& type = driver_named(named.empty() ? usual_driver : named);
  auto flags = type.flags(runtime.services, task);
  for (auto& flag : type.flags_of_existing()) flags.push_back(std::move(flag));
  return flags;
}

std::string checked_name(Context& context) {
  const auto& words = context.arguments.words;
  if (words.size() != 1) refuse_with_help(context, "Error: Expected one name, which the machine is to have");
  if (!is_machine_name(words[0])) {
    throw Error(fmt::format("{} cannot be the name of a machine: letters, digits, \"-\" and \".\" can",
                            go_quote(words[0])),
                Reason::usage);
  }
  if (context.runtime.store.exists(words[0])) {
    throw Error(fmt::format("Docker machine \"{}\" already exists", words[0]), Reason::already_exists);
  }
  return words[0];
}

std::optional<AuthorityFiles> certificates_in(const FlagValues& flags) {
  const std::string &ca = flags.text("tls-ca-cert"), &certificate = flags.text("tls-client-cert"),
                    &key = flags.text("tls-client-key");
  if (ca.empty() && certificate.empty() && key.empty()) return std::nullopt;
  if (ca.empty() || certificate.empty() || key.empty())
    throw Error("--tls-ca-cert, --tls-client-cert and --tls-client-key belong together: give all three",
                Reason::usage);
  return AuthorityFiles{.authority = read_file(ca),
                        .certificate = read_file(certificate),
                        .key = read_file(key),
                        .ca_key = std::nullopt};
}

AdoptRequest request_of(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const std::string& transport = flags.text("transport");
  if (transport != "tls" && transport != "ssh")
    throw Error("--transport " + go_quote(transport) + ": give tls or ssh", Reason::usage);
  AdoptRequest request{.name = checked_name(context), .flags = flags};
  request.type = &driver_named(flags.text("driver"));
  request.certificates = certificates_in(flags);
  request.names = flags.list("tls-san");
  request.host_key = flags.text("host-key");
  request.transport = transport == "ssh" ? Transport::ssh : Transport::tls;
  request.containers = flags.boolean("stop-containers") ? Containers::run_on_if_they_can : Containers::run_on;
  if (request.certificates && request.transport == Transport::ssh)
    throw Error("--tls-ca-cert and --transport ssh cannot be meant both", Reason::usage);
  return request;
}

/// What is to be changed has numbers, so that one can talk about it.
void show(Context& context, const AdoptionPlan& plan) {
  context.out << "Found:\n";
  for (const auto& line : plan.found) context.out << "  " << line << "\n";
  int number = 0;
  const auto list = [&](const char* where, const std::vector<std::string>& lines) {
    if (!lines.empty()) context.out << "To be changed " << where << ":\n";
    for (const auto& line : lines) context.out << "  " << ++number << ". " << line << "\n";
  };
  list("on the host", plan.on_host);
  list("at the provider", plan.at_provider);
  list("here", plan.here);
  for (const auto& line : plan.notes) context.out << line << "\n";
  context.out << std::flush;
}

bool is_confirmed(Context& context) {
  if (context.arguments.flags.boolean("yes")) return true;
  try {
    return lower(ask(context, "Go on? (y/N): ")).starts_with('y');
  } catch (const Error&) {
    throw Error(
        "Nothing was changed, since nobody said yes: give -y to go on without being asked, or --dry-run "
        "to see the plan only",
        Reason::usage);
  }
}

int run(Context& context) {
  Adoption adoption(context.runtime, request_of(context), context.task);
  show(context, adoption.plan());
  if (context.arguments.flags.boolean("dry-run")) return 0;
  if (!is_confirmed(context)) {
    context.out << "Nothing was changed.\n";
    return 0;
  }
  adoption.carry_out(context.task);
  context.task.info(fmt::format(
      "To see how to connect your Docker Client to the Docker Engine running on this machine, run: "
      "{} env {}",
      context.application.command_line.front(), context.arguments.words[0]));
  return 0;
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  if (flag == "transport") return {"ssh", "tls"};
  return flag == "driver" ? driver_names() : std::vector<std::string>();
}

}  // namespace

extern const Command adopt_command;
const Command adopt_command{
    .syntax =
        {.name = "adopt",
         .summary = "Make a machine of a Docker host that exists",
         .arguments = "Argument is the name that the machine is to have. Run 'docker-machine adopt "
                      "--driver name --help' to include the flags of that driver.",
         .flags = {{.name = "driver",
                    .help = "Driver of the machine: generic, amazonec2 or digitalocean",
                    .otherwise = std::string(usual_driver),
                    .aliases = {"d"}},
                   {.name = "dry-run",
                    .kind = FlagKind::boolean,
                    .help = "Show what would be changed, and change nothing"},
                   {.name = "yes",
                    .kind = FlagKind::boolean,
                    .help = "Do what is shown without asking",
                    .aliases = {"y"}},
                   {.name = "host-key",
                    .help = "Fingerprint that the host's SSH key must have, as SHA256:..."},
                   {.name = "tls-ca-cert",
                    .help = "Leave the engine's certificates as they are; this is their authority"},
                   {.name = "tls-client-cert", .help = "Client certificate of that authority"},
                   {.name = "tls-client-key", .help = "Private key of that certificate"},
                   {.name = "tls-san",
                    .kind = FlagKind::list,
                    .help = "Host name or address that the engine's new certificate shall name too"},
                   {.name = "transport",
                    .help = "How docker reaches the engine: tls, or ssh, for which nothing is changed on it",
                    .otherwise = std::string("tls")},
                   {.name = "stop-containers",
                    .kind = FlagKind::boolean,
                    .help = "Go on also where running containers stop with the engine"}}},
    .run = run,
    .more_flags = driver_flags,
    .choices = choices};

}  // namespace dm
