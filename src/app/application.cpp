// The composition root: puts services, store and command together, and turns what went wrong into an exit
// code.
#include "app/application.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "app/docker_plugin.h"
#include "app/version.h"
#include "base/strings.h"
#include "cli/literals.h"
#include "commands/command.h"
#include "http/curl_client.h"
#include "ssh/libssh_connector.h"

namespace dm {
namespace {

constexpr int exit_failed = 1, exit_check_failed = 3, exit_cancelled = 130;

std::string default_store_path(const Environment& environment) {
  return environment.home() + "/.docker/machine";
}

/// Where the store is; an empty --storage-path is none, and not the root of the file system.
std::string store_path(const Arguments& global, const Environment& environment) {
  const std::string& given = global.flags.text("storage-path");
  return given.empty() ? default_store_path(environment) : given;
}

std::vector<Flag> global_flags(const Environment& environment) {
  const auto text = [](const char* name, const char* variable, const char* help) {
    return Flag{.name = name, .help = help, .variable = variable};
  };
  std::vector<Flag> flags{
      {.name = "debug", .kind = FlagKind::boolean, .help = "Enable debug mode", .aliases = {"D"}},
      text("storage-path", "MACHINE_STORAGE_PATH", "Configures storage path"),
      text("tls-ca-cert", "MACHINE_TLS_CA_CERT", "CA to verify remotes against"),
      text("tls-ca-key", "MACHINE_TLS_CA_KEY", "Private key to generate certificates"),
      text("tls-client-cert", "MACHINE_TLS_CLIENT_CERT", "Client cert to use for TLS"),
      text("tls-client-key", "MACHINE_TLS_CLIENT_KEY", "Private key used in client TLS auth"),
      text("github-api-token", "MACHINE_GITHUB_API_TOKEN", "Token to use for requests to the Github API"),
      {.name = "native-ssh",
       .kind = FlagKind::boolean,
       .help = "Use the built-in SSH client for 'ssh'",
       .variable = "MACHINE_NATIVE_SSH"},
      text("bugsnag-api-token", "MACHINE_BUGSNAG_API_TOKEN", "BugSnag API token for crash reporting"),
      {.name = "version", .kind = FlagKind::boolean, .help = "print the version", .aliases = {"v"}}};
  Flag& storage_path = flags[1];
  storage_path.aliases = {"s"};
  storage_path.otherwise = environment.variable_or("MACHINE_STORAGE_PATH", default_store_path(environment));
  return flags;
}

/// Whether debug lines are wanted; $MACHINE_DEBUG beats the flag. Error in Go's words if it is no boolean.
bool wants_debug(const Arguments& global, const Environment& environment) {
  const auto value = environment.variable("MACHINE_DEBUG");
  if (!value) return global.flags.boolean("debug");
  if (const auto wanted = boolean_of(*value)) return *wanted;
  throw Error(
      fmt::format(
          "Error parsing boolean value from MACHINE_DEBUG: strconv.ParseBool: parsing {}: invalid syntax",
          go_quote(*value)),
      Reason::usage);
}

bool is_of_two_forms(const std::string& message) { return message.starts_with("Cannot use two forms"); }

/// What a wrong command line shows on the output before its error goes to standard error.
std::string usage_text(const std::string& message, const std::string& help) {
  return (is_of_two_forms(message) ? message : "Incorrect Usage.") + "\n\n" + help;
}

/// The same for the part before the command; the original forgets one empty line there.
std::string global_usage_text(const std::string& message, const std::string& help) {
  return is_of_two_forms(message) ? message + "\n" + help : usage_text(message, help);
}

std::string help_of(const Application& application) {
  std::vector<Syntax> syntaxes;
  for (const Command* command : application.commands) syntaxes.push_back(command->syntax);
  return application_help(application.program, application.global_flags, syntaxes);
}

/// How the command is written, with the flags that depend on the command line.
Syntax syntax_of(const Command& command, const std::vector<std::string>& rest, const Runtime& runtime,
                 Task& task) {
  Syntax syntax = command.syntax;
  if (command.more_flags != nullptr)
    std::ranges::move(command.more_flags(rest, runtime, task), std::back_inserter(syntax.flags));
  return syntax;
}

/// The command's own arguments; nothing if the command line asked for help, which is shown then.
std::optional<Arguments> arguments_of(const Syntax& syntax, FlagOrder help_order,
                                      const std::vector<std::string>& rest, const Environment& environment,
                                      std::string_view usage_name, std::ostream& out) {
  if (syntax.verbatim) {
    if (!syntax.hidden && !rest.empty() && (rest[0] == "-h" || rest[0] == "-help" || rest[0] == "--help")) {
      out << command_help(syntax, help_order, usage_name);
      return std::nullopt;
    }
    return Arguments{.flags = {}, .words = rest};
  }
  try {
    Arguments arguments = parse_arguments(rest, syntax.flags, environment);
    if (!arguments.help) return arguments;
    out << command_help(syntax, help_order, usage_name);
    return std::nullopt;
  } catch (const Error& error) {
    out << usage_text(error.what(), command_help(syntax, help_order, usage_name)) << std::flush;
    throw;
  }
}

int run_command(Process& process, const Application& application, const GlobalLine& line) {
  const Command* command = find_command(line.command.empty() ? "help" : line.command);
  if (command == nullptr) {
    throw Error(fmt::format("{0}: '{1}' is not a {0} command. See '{2} --help'.", application.program.name,
                            line.command, process.arguments.front()),
                Reason::usage);
  }
  if (command->messages == Messages::on_error) process.console.keep_output_clean();
  const SystemClock clock;
  CurlClient http(process.environment);
  LibsshConnector ssh(process.environment);
  SystemProcessRunner processes;
  const Services services{http, ssh, processes, clock, process.environment};
  const Store store(store_path(line.global, process.environment));
  const Runtime runtime{store, services};
  Task task(clock, process.console, process.stop);
  const Syntax syntax = syntax_of(*command, line.rest, runtime, task);
  const auto arguments = arguments_of(syntax, command->help_order, line.rest, process.environment,
                                      application.usage_name(), process.out);
  if (!arguments) return 0;
  Context context{application, *command,   syntax,      *arguments, line.global,
                  runtime,     process.in, process.out, task};
  return command->run(context);
}

int dispatch(Process& process) {
  if (is_metadata_request(process.arguments)) {
    process.out << plugin_metadata();
    return 0;
  }
  if (auto own = without_docker(process.arguments, process.environment)) process.arguments = std::move(*own);
  Application application{
      .program = {std::filesystem::path(process.arguments.at(0)).filename().string(), version()},
      .command_line = process.arguments,
      .global_flags = global_flags(process.environment),
      .commands = all_commands()};
  const std::span<const std::string> words = std::span(process.arguments).subspan(1);
  GlobalLine line;
  try {
    line = parse_global(words, application.global_flags, process.environment);
  } catch (const Error& error) {
    process.out << global_usage_text(error.what(), help_of(application)) << std::flush;
    throw;
  }
  if (wants_debug(line.global, process.environment)) process.console.show_debug();
  process.console.line(Level::debug, "", "Docker Machine Version:  " + application.program.version);
  if (line.global.flags.boolean("version")) {
    process.out << application.program.name << " version " << application.program.version << "\n";
    return 0;
  }
  if (line.global.help) line.command.clear();
  // Nothing was asked of a command, so its words are none of help's.
  if (line.command.empty()) line.rest.clear();
  return run_command(process, application, line);
}

}  // namespace

int run_application(Process& process) {
  try {
    const int code = dispatch(process);
    process.out.flush();
    return code;
  } catch (const Cancelled&) {
    process.out.flush();
    process.console.line(Level::error, "", "Cancelled.");
    return exit_cancelled;
  } catch (const Error& error) {
    process.out.flush();
    process.console.progress("", "");
    process.console.line(Level::error, "", error.what());
    return error.reason() == Reason::check_failed ? exit_check_failed : exit_failed;
  } catch (const std::exception& error) {
    process.out.flush();
    process.console.line(
        Level::error, "",
        fmt::format("Unexpected: {}. This is a mistake of docker-machine's: please report it.",
                    error.what()));
    return exit_failed;
  }
}

}  // namespace dm
