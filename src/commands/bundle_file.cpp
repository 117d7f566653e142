// Bundles as files: where they go, where they come from, and what opens them.
#include "commands/bundle_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/strings.h"
#include "bundle/age.h"
#include "bundle/seal.h"
#include "commands/passphrase.h"

namespace dm {
namespace {

constexpr auto instead_of_asking = "--passphrase-file FILE";

const std::string& output_of(const Context& context) { return context.arguments.flags.text("output"); }

/// All of standard input; Error if it does not end in sensible bounds.
std::string read_input(const Task& task) {
  std::string content;
  std::array<char, 65536> block{};
  while (true) {
    std::array<pollfd, 2> wanted{{{STDIN_FILENO, POLLIN, 0}, {task.stop_descriptor(), POLLIN, 0}}};
    task.check();
    poll(wanted.data(), wanted.size(), static_cast<int>(task.at_most(std::chrono::hours(1)).count()));
    if (wanted[0].revents == 0) continue;
    const auto count = read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error("cannot read the standard input: " + error_text(errno));
    if (count == 0) return content;
    content.append(block.data(), static_cast<size_t>(count));
    if (content.size() > 2 * bundle_limit) throw Error("this is no bundle: it does not end");
  }
}

std::string read_any(const std::string& file, const Task& task) {
  if (file == "-") return read_input(task);
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  if (!ignored && size > 2 * bundle_limit) throw Error(fmt::format("{} is no bundle: it is too large", file));
  return read_file(file);
}

std::string new_passphrase(const Context& context) {
  const std::string& file = context.arguments.flags.text("passphrase-file");
  if (!file.empty()) return passphrase_in(file);
  const std::string first = ask_passphrase(
      "Passphrase for the bundle: ", "--passphrase-file, --recipient or --no-encrypt", context.task);
  if (ask_passphrase("The same again: ", instead_of_asking, context.task) != first)
    throw Error("The two passphrases differ: nothing was written", Reason::usage);
  return first;
}

std::string encrypted(Context& context, const std::string& tar) {
  const FlagValues& flags = context.arguments.flags;
  if (flags.boolean("no-encrypt")) return labelled(tar);
  if (const auto& recipients = flags.list("recipient"); !recipients.empty())
    return sealed_for(recipients, tar, context.runtime.services.processes, context.task);
  const std::string passphrase = new_passphrase(context);
  context.task.progress("Encrypting...");
  std::string file = sealed(tar, passphrase);
  context.task.progress("");
  return file;
}

/// The keys that the user's SSH logs in with, if no others were named.
std::vector<std::string> identities(const Context& context) {
  auto given = context.arguments.flags.list("identity");
  if (!given.empty()) return given;
  for (const char* name : {"id_ed25519", "id_rsa"}) {
    const std::string path = context.runtime.services.environment.home() + "/.ssh/" + name;
    std::error_code ignored;
    if (fs::exists(path, ignored)) given.push_back(path);
  }
  return given;
}

std::string decrypted(Context& context, const std::string& file) {
  switch (seal_of(file)) {
    case Seal::none:
      return unlabelled(file);
    case Seal::age:
      return opened_by_age(file, identities(context), context.runtime.services.processes, context.task);
    case Seal::passphrase:
      break;
  }
  const std::string& named = context.arguments.flags.text("passphrase-file");
  return unsealed(file, named.empty()
                            ? ask_passphrase("Passphrase of the bundle: ", instead_of_asking, context.task)
                            : passphrase_in(named));
}

}  // namespace

std::vector<Flag> writing_flags() {
  return {
      {.name = "output", .help = "File to write; \"-\" is the standard output", .aliases = {"o"}},
      {.name = "passphrase-file", .help = "File whose first line is the passphrase, instead of asking"},
      {.name = "recipient",
       .kind = FlagKind::list,
       .help = "Encrypt for this age or SSH public key, or for those in this file, instead of a passphrase"},
      {.name = "no-encrypt", .kind = FlagKind::boolean, .help = "Write it so that everybody can read it"}};
}

std::vector<Flag> reading_flags() {
  return {{.name = "passphrase-file", .help = "File whose first line is the passphrase, instead of asking"},
          {.name = "identity",
           .kind = FlagKind::list,
           .help = "Private key, of age or SSH, of a recipient (default: those of SSH)"}};
}

void check_writing_flags(const Context& context) {
  const FlagValues& flags = context.arguments.flags;
  const int ways = static_cast<int>(!flags.text("passphrase-file").empty()) +
                   static_cast<int>(!flags.list("recipient").empty()) +
                   static_cast<int>(flags.boolean("no-encrypt"));
  if (ways > 1)
    throw Error("--passphrase-file, --recipient and --no-encrypt exclude each other", Reason::usage);
  const std::string& output = output_of(context);
  if (output.empty())
    throw Error("Say where to write it: -o FILE, or -o - for the standard output", Reason::usage);
  if (output == "-" && isatty(STDOUT_FILENO) == 1)
    throw Error("A bundle is not for a terminal: redirect the standard output, or give -o FILE",
                Reason::usage);
  std::error_code ignored;
  if (output != "-" && fs::exists(output, ignored))
    throw Error(fmt::format("{} exists already: remove it, or choose another name", output),
                Reason::already_exists);
}

void write_bundle(Context& context, Bundle bundle) {
  bundle.creator = context.application.program.version;
  const std::string file = encrypted(context, packed(bundle));
  const std::string& output = output_of(context);
  if (output == "-") {
    context.out.write(file.data(), static_cast<std::streamsize>(file.size()));
    context.out.flush();
    return;
  }
  write_new_file(output, file, private_file);
  if (context.arguments.flags.boolean("no-encrypt"))
    context.task.warn(fmt::format("{} is not encrypted: whoever has it is root on these machines", output));
}

bool is_folder(const std::string& word) {
  std::error_code ignored;
  return fs::is_directory(word, ignored);
}

Bundle read_bundle(Context& context, const std::string& file) {
  const std::string content = read_any(file, context.task);
  return in_context(file == "-" ? "standard input" : file,
                    [&] { return unpacked(decrypted(context, content)); });
}

std::string for_safe_channel(const Context& context, Bundle bundle) {
  bundle.creator = context.application.program.version;
  return labelled(packed(bundle));
}

std::map<std::string, std::string> new_names(const Context& context) {
  std::map<std::string, std::string> names;
  for (const auto& text : context.arguments.flags.list("as")) {
    const auto equals = text.find('=');
    const std::string old_name = equals == std::string::npos ? "" : text.substr(0, equals);
    const std::string name = equals == std::string::npos ? text : text.substr(equals + 1);
    if (name.empty() || (equals == 0)) {
      throw Error(fmt::format("--as takes NEW or OLD=NEW, not {}", go_quote(text)), Reason::usage);
    }
    if (!names.emplace(old_name, name).second) {
      throw Error(
          fmt::format("--as gives {} two names", old_name.empty() ? "the machine" : go_quote(old_name)),
          Reason::usage);
    }
  }
  return names;
}

}  // namespace dm
