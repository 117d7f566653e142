// Public key authentication: key files, the agent, the user's default keys.
#include "ssh/libssh_authentication.h"

#include <fmt/core.h>
#include <libssh/libssh.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/strings.h"
#include "ssh/agent.h"

namespace dm {
namespace {

struct KeyDeleter {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, KeyDeleter>;

/// What a private key file turned out to hold.
struct LoadedKey {
  Key key;  ///< none if it is encrypted or unreadable
  enum class Kind { usable, encrypted, unreadable } kind = Kind::unreadable;
};

enum class Verdict { accepted, refused };

LoadedKey load_key(const std::string& text) {
  bool asked = false;
  const auto note_question = [](const char*, char*, size_t, int, int, void* data) {
    *static_cast<bool*>(data) = true;
    return -1;
  };
  ssh_key key = nullptr;
  const int code = ssh_pki_import_privkey_base64(text.c_str(), nullptr, note_question, &asked, &key);
  if (code == SSH_OK) return {Key(key), LoadedKey::Kind::usable};
  return {nullptr, asked ? LoadedKey::Kind::encrypted : LoadedKey::Kind::unreadable};
}

/// The public half of an encrypted key as SSH encodes it: PATH.pub's, or the one that OpenSSH's format has in
/// clear.
std::string public_half(const std::string& path) {
  for (const auto& candidate : {path + ".pub", path}) {
    ssh_key key = nullptr;
    if (ssh_pki_import_pubkey_file(candidate.c_str(), &key) != SSH_OK) continue;
    const Key owner(key);
    char* base64 = nullptr;
    if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) continue;
    std::string bytes = decode_base64(base64);
    ssh_string_free_char(base64);
    return bytes;
  }
  return {};
}

/// One login at a time: what was tried is remembered for the message.
class Login {
 public:
  Login(LibsshLink& link, const Environment& environment, const Task& task)
      : link_(link), environment_(environment), task_(task) {}

  void with_file(const std::string& path);
  void with_everything();

 private:
  Verdict try_key(ssh_key key, const std::string& name);
  Verdict try_agent(Agent agent, std::vector<std::string> keys, const std::string& name);
  Verdict judge(int code) const;
  [[noreturn]] void refuse(const std::string& advice) const;

  LibsshLink& link_;
  const Environment& environment_;
  const Task& task_;
  std::vector<std::string> tried_;
};

Verdict Login::judge(int code) const {
  task_.check();
  const std::string reason = link_.failure();
  switch (code) {
    case SSH_AUTH_SUCCESS:
      return Verdict::accepted;
    case SSH_AUTH_DENIED:
      return Verdict::refused;
    case SSH_AUTH_PARTIAL:
      throw Error(fmt::format("the SSH server at {} accepted {} but asks for more than a key ({})",
                              link_.name(), tried_.back(), reason),
                  Reason::authentication_failed);
    default:
      break;
  }
  if (reason.contains("Too many authentication failures"))
    refuse("it refused too many keys: name the right one");
  if (link_.is_open()) refuse(fmt::format("the key could not be used ({})", reason));
  throw Error(fmt::format("the SSH server at {} hung up during the login: {}", link_.name(), reason),
              Reason::unreachable);
}

void Login::refuse(const std::string& advice) const {
  throw Error(fmt::format("the SSH server at {} refused {}: {}", link_.name(),
                          tried_.empty() ? "the login" : join(tried_, ", "), advice),
              Reason::authentication_failed);
}

Verdict Login::try_key(ssh_key key, const std::string& name) {
  tried_.push_back(name);
  // Without asking first whether the key would do: that saves a round trip, and so does not asking for the
  // methods.
  return judge(link_.complete(SSH_AUTH_AGAIN, task_,
                              [&] { return ssh_userauth_publickey(link_.session(), nullptr, key); }));
}

Verdict Login::try_agent(Agent agent, std::vector<std::string> keys, const std::string& name) {
  tried_.push_back(name);
  AgentRelay relay(std::move(agent), std::move(keys), task_);
  ssh_set_agent_socket(link_.session(), relay.release_library_end());
  return judge(
      link_.complete(SSH_AUTH_AGAIN, task_, [&] { return ssh_userauth_agent(link_.session(), nullptr); }));
}

void Login::with_file(const std::string& path) {
  const auto text = read_file_if_there(path);
  if (!text) throw Error(fmt::format("the SSH key \"{}\" does not exist", path), Reason::not_found);
  const auto loaded = load_key(*text);
  const std::string advice =
      "check the user's name, and that the key's public half is in its authorized_keys";
  if (loaded.kind == LoadedKey::Kind::usable) {
    if (try_key(loaded.key.get(), fmt::format("the key \"{}\"", path)) == Verdict::refused) refuse(advice);
    return;
  }
  if (loaded.kind == LoadedKey::Kind::unreadable) {
    throw Error(fmt::format("\"{}\" is not an SSH private key that can be read", path));
  }
  const std::string wanted = public_half(path);
  if (wanted.empty()) {
    throw Error(
        fmt::format(
            "the SSH key \"{}\" is encrypted, and its public half \"{}.pub\" is missing: put it there "
            "and load the key with 'ssh-add {}'",
            path, path, shell_quote(path)),
        Reason::authentication_failed);
  }
  auto agent = Agent::of(environment_, task_);
  const auto keys = agent ? agent->keys(task_) : std::vector<std::string>();
  if (std::ranges::find(keys, wanted) == keys.end()) {
    task_.check();
    throw Error(
        fmt::format("the SSH key \"{}\" is encrypted, and {}: load it with 'ssh-add {}'", path,
                    agent ? "the ssh-agent does not have it" : "no ssh-agent is running", shell_quote(path)),
        Reason::authentication_failed);
  }
  const auto name = fmt::format("the ssh-agent's key \"{}\"", path);
  if (try_agent(*std::move(agent), {wanted}, name) == Verdict::refused) refuse(advice);
}

void Login::with_everything() {
  if (auto agent = Agent::of(environment_, task_)) {
    auto keys = agent->keys(task_);
    task_.check();
    // libssh stops at the first key of a kind that it does not know.
    std::erase_if(keys, [](const std::string& key) {
      const auto type = ssh_key_type_from_name(key_type(key).c_str());
      return type == SSH_KEYTYPE_UNKNOWN || type == SSH_KEYTYPE_DSS;
    });
    if (!keys.empty() &&
        try_agent(*std::move(agent), std::move(keys), "the ssh-agent's keys") == Verdict::accepted) {
      return;
    }
  }
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    const auto path = fs::path(environment_.home()) / ".ssh" / name;
    const auto text = read_file_if_there(path);
    const auto loaded = text ? load_key(*text) : LoadedKey{};
    if (!loaded.key) continue;
    if (try_key(loaded.key.get(), fmt::format("the key \"{}\"", path.string())) == Verdict::accepted) return;
  }
  if (!tried_.empty()) refuse("name the right key, or load it with 'ssh-add'");
  throw Error(fmt::format("there is no SSH key to log in to {} with: name one, or load it with 'ssh-add'",
                          link_.name()),
              Reason::authentication_failed);
}

}  // namespace

void authenticate(LibsshLink& link, const SshTarget& target, const Environment& environment,
                  const Task& task) {
  Login login(link, environment, task);
  if (target.key_file.empty()) return login.with_everything();
  login.with_file(target.key_file);
}

}  // namespace dm
