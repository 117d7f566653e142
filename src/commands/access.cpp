// `access`: who may use a machine besides its owner.
#include "operations/access.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "cli/columns.h"
#include "commands/bundle_file.h"
#include "commands/machines.h"
#include "operations/expiry.h"

namespace dm {
namespace {

/// What the flags ask for.
enum class Deed { list, grant, revoke };

Deed deed_of(const FlagValues& flags) {
  const bool grant = !flags.text("grant").empty(), revoke = !flags.text("revoke").empty();
  if (static_cast<int>(grant) + static_cast<int>(revoke) + static_cast<int>(flags.boolean("list")) > 1)
    throw Error("--grant, --revoke and --list exclude each other", Reason::usage);
  if (grant) return Deed::grant;
  return revoke ? Deed::revoke : Deed::list;
}

/// Error(usage) for flags that mean nothing without --grant.
void refuse_grant_flags(const FlagValues& flags) {
  if (!flags.text("output").empty() || !flags.text("passphrase-file").empty() ||
      !flags.list("recipient").empty() || flags.boolean("no-encrypt") || !flags.text("public-key").empty()) {
    throw Error("-o, how to encrypt, and --public-key go with --grant WHO", Reason::usage);
  }
}

Containers containers_of(const FlagValues& flags) {
  return flags.boolean("stop-containers") ? Containers::run_on_if_they_can : Containers::run_on;
}

std::vector<HostKey> given_keys(const FlagValues& flags) {
  const std::string& file = flags.text("public-key");
  if (file.empty()) return {};
  return in_context(file, [&] { return public_keys_in(read_file(file)); });
}

int grant(Context& context, const std::string& machine) {
  const FlagValues& flags = context.arguments.flags;
  const Grant wanted{.machine = machine,
                     .who = flags.text("grant"),
                     .public_keys = given_keys(flags),
                     .containers = containers_of(flags)};
  check_writing_flags(context);
  const std::string& output = flags.text("output");
  bool written = false;
  try {
    const auto end = grant_access(
        context.runtime, wanted,
        [&](const Bundle& bundle) {
          write_bundle(context, bundle);
          written = output != "-";
        },
        context.task);
    context.task.info(fmt::format("{} has access to \"{}\" until {}, once {} is imported.", wanted.who,
                                  machine, date_text(end), output == "-" ? "what was written" : output));
  } catch (...) {
    if (written) remove_all(output);  // Its keys open nothing.
    throw;
  }
  return 0;
}

std::string end_text(const PersonalAccess& person) {
  return person.certificate_end ? date_text(*person.certificate_end) : "";
}

Json as_json(const std::vector<PersonalAccess>& people) {
  Json list = Json::array();
  for (const auto& person : people) {
    list.push_back(
        {{"Who", person.who}, {"CertificateUntil", end_text(person)}, {"SSHKeys", person.ssh_keys}});
  }
  return list;
}

int list(Context& context, const std::string& machine) {
  const bool json = wants_json(context);
  const auto people = list_access(context.runtime, machine, context.task);
  if (json) {
    context.out << go_json(as_json(people), 4) << "\n";
    return 0;
  }
  std::string text = "WHO\tCERTIFICATE UNTIL\tSSH KEY\n";
  for (const auto& person : people) {
    text += fmt::format("{}\t{}\t{}\n", person.who, end_text(person), join(person.ssh_keys, ","));
  }
  context.out << align_columns(text, {.minimum = 5, .tab = 1, .padding = 3, .fill = ' '});
  return 0;
}

int run(Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const Deed deed = deed_of(flags);
  const std::string machine = named_machine(context);
  if (deed != Deed::grant) refuse_grant_flags(flags);
  if (deed != Deed::list && !flags.text("format").empty())
    throw Error("--format goes with --list", Reason::usage);
  switch (deed) {
    case Deed::grant:
      check_person(flags.text("grant"));
      return grant(context, machine);
    case Deed::revoke:
      check_person(flags.text("revoke"));
      revoke_access(context.runtime, machine, flags.text("revoke"), containers_of(flags), context.task);
      return 0;
    case Deed::list:
      break;
  }
  if (flags.boolean("stop-containers"))
    throw Error("--stop-containers goes with --grant and --revoke", Reason::usage);
  return list(context, machine);
}

std::vector<Flag> flags() {
  std::vector<Flag> all{
      {.name = "grant", .help = "Let this person in, with keys of their own in the file of -o"},
      {.name = "revoke", .help = "Take from this person what was granted"},
      {.name = "list", .kind = FlagKind::boolean, .help = "List who has access (the default)"},
      {.name = "public-key",
       .help = "File with the person's own public SSH key, instead of making a key for them"},
      {.name = "stop-containers",
       .kind = FlagKind::boolean,
       .help = "Restart the engine also where its running containers stop"},
      json_flag()};
  for (auto& flag : writing_flags()) all.push_back(std::move(flag));
  return all;
}

}  // namespace

extern const Command access_command;
const Command access_command{.syntax = {.name = "access",
                                        .summary = "Let others use a machine, each with keys of their own",
                                        .arguments = "Argument is a machine name.",
                                        .flags = flags()},
                             .run = run,
                             .messages = Messages::on_error,
                             .operands = Operands::machine};

}  // namespace dm
