// Bundles for recipients, in the format of age and by the program of that name.
#include "bundle/age.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "base/temporary_folder.h"

namespace dm {
namespace {

constexpr auto limit = std::chrono::minutes(2);

void require_age() {
  if (find_program("age")) return;
  throw Error(
      "The program \"age\" is not installed, which encrypts for recipients: on Debian and Ubuntu, "
      "apt-get install age",
      Reason::not_found);
}

bool is_public_key(const std::string& text) {
  return text.starts_with("age1") || text.starts_with("ssh-ed25519 ") || text.starts_with("ssh-rsa ");
}

/// What age says, without its own name and its advertisement.
std::string words_of(const CommandResult& result) {
  const std::string first = split(trim(result.error), '\n').front();
  constexpr std::string_view prefix = "age: error: ";
  return first.starts_with(prefix) ? first.substr(prefix.size()) : first;
}

/// Whether age can use the file without a passphrase. A child that asks for one would have to have the
/// terminal.
bool is_open_identity(const std::string& path) {
  const std::string text = read_file(path);
  // What base64 makes of "openssh-key-v1", and of "none" as the name of the cipher.
  constexpr std::string_view openssh_without_cipher = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
  return text.contains("AGE-SECRET-KEY-1") || text.contains(openssh_without_cipher) ||
         (text.contains("BEGIN RSA PRIVATE KEY") && !text.contains("ENCRYPTED"));
}

std::string opened_on_terminal(const std::string& file, std::vector<std::string> arguments,
                               ProcessRunner& processes) {
  const TemporaryFolder folder;
  const auto in_folder = [&](const char* name) { return (folder.path() / name).string(); };
  write_file(in_folder("bundle"), file, private_file);
  for (const auto& word : {std::string("--output"), in_folder("content"), in_folder("bundle")})
    arguments.push_back(word);
  if (processes.run_in_foreground({.arguments = arguments}) != 0)
    throw Error("the bundle cannot be opened: see what age says above");
  return read_file(in_folder("content"));
}

}  // namespace

std::string sealed_for(const std::vector<std::string>& recipients, const std::string& content,
                       ProcessRunner& processes, Task& task) {
  require_age();
  std::vector<std::string> arguments{"age", "--encrypt"};
  for (const auto& recipient : recipients) {
    std::error_code ignored;
    const bool is_key = is_public_key(recipient);
    if (!is_key && !fs::exists(recipient, ignored)) {
      throw Error(fmt::format("{} is neither a public key (age1…, ssh-ed25519 …, ssh-rsa …) nor a file with "
                              "such keys",
                              go_quote(recipient)),
                  Reason::usage);
    }
    arguments.emplace_back(is_key ? "--recipient" : "--recipients-file");
    arguments.push_back(recipient);
  }
  Task limited = task.within(limit);
  const CommandResult result = processes.run({.arguments = arguments, .input = content}, limited);
  if (!result.ok()) throw Error("cannot encrypt for these recipients: " + words_of(result));
  return result.output;
}

std::string opened_by_age(const std::string& file, const std::vector<std::string>& identities,
                          ProcessRunner& processes, Task& task) {
  require_age();
  if (identities.empty()) {
    throw Error("the bundle is for certain recipients: give --identity FILE with the private key of one",
                Reason::usage);
  }
  std::vector<std::string> arguments{"age", "--decrypt"};
  for (const auto& identity : identities) arguments.insert(arguments.end(), {"--identity", identity});
  if (!std::ranges::all_of(identities, is_open_identity))
    return opened_on_terminal(file, arguments, processes);
  Task limited = task.within(limit);
  CommandResult result = processes.run({.arguments = arguments, .input = file}, limited);
  if (!result.ok()) throw Error("the bundle cannot be opened: " + words_of(result));
  return std::move(result.output);
}

}  // namespace dm
