// `create`: a new machine.
#include "operations/create.h"

#include <fmt/core.h>

#include <regex>

#include "base/strings.h"
#include "commands/driver_words.h"
#include "commands/machines.h"
#include "drivers/catalogue.h"
#include "operations/engine_settings.h"

namespace dm {
namespace {

/// The driver must be known before the line can be parsed, since it brings flags of its own; an empty name is
/// refused only later, among the other words.
std::vector<Flag> driver_flags(std::span<const std::string> arguments, const Runtime& runtime, Task& task) {
  const std::string named = driver_named_in(arguments).value_or("");
  const Environment& environment = runtime.services.environment;
  return driver_named(!named.empty() ? named : environment.variable_or("MACHINE_DRIVER", default_driver))
      .flags(runtime.services, task);
}

SwarmOptions swarm_options(const FlagValues& flags) {
  return {.is_swarm = flags.boolean("swarm") || flags.boolean("swarm-master"),
          .address = flags.text("swarm-addr"),
          .discovery = flags.text("swarm-discovery"),
          .agent = flags.boolean("swarm"),
          .master = flags.boolean("swarm-master"),
          .host = flags.text("swarm-host"),
          .image = flags.text("swarm-image"),
          .strategy = flags.text("swarm-strategy"),
          .arbitrary_flags = flags.list("swarm-opt"),
          .arbitrary_join_flags = flags.list("swarm-join-opt"),
          .is_experimental = flags.boolean("swarm-experimental")};
}

AuthOptions auth_options(const Context& context, const std::string& name) {
  AuthOptions auth = context.runtime.store.default_auth(name);
  const auto replace = [&](std::string& path, const char* flag) {
    if (!context.global.flags.text(flag).empty()) path = context.global.flags.text(flag);
  };
  replace(auth.ca_cert_path, "tls-ca-cert");
  replace(auth.ca_private_key_path, "tls-ca-key");
  replace(auth.client_cert_path, "tls-client-cert");
  replace(auth.client_key_path, "tls-client-key");
  auth.server_cert_sans = context.arguments.flags.list("tls-san");
  return auth;
}

std::string checked_name(Context& context) {
  const auto& words = context.arguments.words;
  if (words.size() > 1) {
    throw Error(fmt::format("Invalid command line. Found extra arguments [{}]",
                            join({words.begin() + 1, words.end()}, " ")),
                Reason::usage);
  }
  if (words.empty()) refuse_with_help(context, "Error: No machine name specified");
  if (!is_machine_name(words[0])) {
    throw Error(
        "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -",
        Reason::usage);
  }
  const std::string& discovery = context.arguments.flags.text("swarm-discovery");
  static const std::regex discovery_form("[^:]*://.*");
  if (!discovery.empty() && !std::regex_search(discovery, discovery_form)) {
    throw Error("Error parsing swarm discovery: Swarm Discovery URL was in the wrong format: " + discovery,
                Reason::usage);
  }
  return words[0];
}

std::vector<std::string> choices(const std::string& flag, const Store& /*store*/) {
  if (flag == "on-failure") return {"keep", "remove"};
  return flag == "driver" ? driver_names() : std::vector<std::string>();
}

OnFailure on_failure(const FlagValues& flags) {
  const std::string& word = flags.text("on-failure");
  if (word == "keep") return OnFailure::keep;
  if (word == "remove") return OnFailure::remove;
  throw Error(fmt::format("--on-failure {}: give keep or remove", go_quote(word)), Reason::usage);
}

int run(Context& context) {
  const Runtime& runtime = context.runtime;
  const FlagValues& flags = context.arguments.flags;
  CreateRequest request;
  request.name = checked_name(context);
  request.type = in_context("Error getting new host", [&] { return &driver_named(flags.text("driver")); });
  if (runtime.store.exists(request.name)) {
    throw Error(fmt::format("Docker machine \"{}\" already exists", request.name), Reason::already_exists);
  }
  request.engine = engine_settings().from_flags(flags);
  request.swarm = swarm_options(flags);
  request.auth = auth_options(context, request.name);
  request.on_failure = on_failure(flags);
  request.record = in_context("Error setting machine configuration from flags provided", [&] {
    const NewMachine machine{request.name, runtime.store.path(), request.swarm,
                             request.type->traits().tagged ? runtime.store.id(context.task) : ""};
    return request.type->configure(machine, flags, runtime.services, context.task);
  });
  create_machine(runtime, request, context.task);
  context.task.info(
      fmt::format("To see how to connect your Docker Client to the Docker Engine running on this virtual "
                  "machine, run: {} env {}",
                  context.application.command_line.front(), request.name));
  return 0;
}

Flag text_flag(const char* name, const char* help, const char* otherwise = "", const char* variable = "") {
  return {.name = name, .help = help, .variable = variable, .otherwise = std::string(otherwise)};
}
Flag list_flag(const char* name, const char* help) {
  return {.name = name, .kind = FlagKind::list, .help = help};
}
Flag boolean_flag(const char* name, const char* help) {
  return {.name = name, .kind = FlagKind::boolean, .help = help};
}

std::vector<Flag> shared_flags() {
  Flag driver = text_flag("driver", "Driver to create machine with.", default_driver, "MACHINE_DRIVER");
  driver.aliases = {"d"};
  std::vector<Flag> flags{
      driver,
      boolean_flag("swarm", "Configure Machine to join a Swarm cluster"),
      text_flag("swarm-image", "Specify Docker image to use for Swarm", "swarm:latest",
                "MACHINE_SWARM_IMAGE"),
      boolean_flag("swarm-master", "Configure Machine to be a Swarm master"),
      text_flag("swarm-discovery", "Discovery service to use with Swarm"),
      text_flag("swarm-strategy", "Define a default scheduling strategy for Swarm", "spread"),
      list_flag("swarm-opt", "Define arbitrary flags for Swarm master (can be provided multiple times)"),
      list_flag("swarm-join-opt", "Define arbitrary flags for Swarm join (can be provided multiple times)"),
      text_flag("swarm-host", "ip/socket to listen on for Swarm master", "tcp://0.0.0.0:3376"),
      text_flag("swarm-addr", "addr to advertise for Swarm (default: detect and use the machine IP)"),
      boolean_flag("swarm-experimental", "Enable Swarm experimental features"),
      text_flag("on-failure", "What becomes of a machine that cannot be created: keep or remove", "keep",
                "MACHINE_ON_FAILURE")};
  // In the original's order: the engine's behind the driver, --tls-san behind swarm's.
  const auto engine = engine_settings().flags();
  flags.insert(flags.end() - 1, engine.back());
  flags.insert(flags.begin() + 1, engine.begin(), engine.end() - 1);
  return flags;
}

}  // namespace

extern const Command create_command;
const Command create_command{
    .syntax = {.name = "create",
               .summary = "Create a machine",
               .arguments = "Run 'docker-machine create --driver name --help' to include the "
                            "create flags for that driver in the help text.",
               .flags = shared_flags()},
    .run = run,
    .help_order = FlagOrder::by_text,
    .more_flags = driver_flags,
    .choices = choices};

}  // namespace dm
