// The protocol of ssh-agent (draft-miller-ssh-agent), as far as listing and signing go.
#include "ssh/agent.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace dm {
namespace {

constexpr char agent_failure = 5;
constexpr char request_identities = 11;
constexpr char identities_answer = 12;
constexpr char sign_request = 13;
constexpr uint32_t longest_message = 256 * 1024;

std::string number(size_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>((value >> shift) & 0xff);
  return text;
}

std::string counted(std::string_view text) { return number(text.size()) + std::string(text); }

uint32_t number_at(std::string_view text) {
  uint32_t value = 0;
  for (const char byte : text.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// Takes a counted text off the front; nothing if the message is shorter than it says.
std::optional<std::string> take_counted(std::string_view& message) {
  if (message.size() < 4) return std::nullopt;
  const uint32_t size = number_at(message);
  if (message.size() - 4 < size) return std::nullopt;
  std::string text(message.substr(4, size));
  message.remove_prefix(4 + size);
  return text;
}

bool send_all(int descriptor, std::string_view text, const Task& task) {
  while (!text.empty()) {
    const auto count = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if ((errno != EAGAIN && errno != EINTR) || !wait_for_descriptor(descriptor, POLLOUT, task)) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> receive(int descriptor, size_t size, const Task& task) {
  std::string text(size, '\0');
  for (size_t have = 0; have < size;) {
    if (!wait_for_descriptor(descriptor, POLLIN, task)) return std::nullopt;
    const auto count = recv(descriptor, text.data() + have, size - have, MSG_DONTWAIT);
    if (count > 0) {
      have += static_cast<size_t>(count);
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      return std::nullopt;
    }
  }
  return text;
}

std::optional<std::string> receive_message(int descriptor, const Task& task) {
  const auto size = receive(descriptor, 4, task);
  if (!size || number_at(*size) > longest_message) return std::nullopt;
  return receive(descriptor, number_at(*size), task);
}

}  // namespace

std::optional<Agent> Agent::of(const Environment& environment, const Task& task) {
  const auto path = environment.variable("SSH_AUTH_SOCK");
  sockaddr_un address{};
  if (!path || path->size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path->c_str(), path->size());
  Socket connection(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  task.check();
  if (connect(connection.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::nullopt;
  }
  return Agent(std::move(connection));
}

std::string Agent::ask(std::string_view request, const Task& task) {
  if (!send_all(socket_.descriptor(), counted(request), task)) return {};
  return receive_message(socket_.descriptor(), task).value_or("");
}

std::vector<std::string> Agent::keys(const Task& task) {
  const std::string answer = ask(std::string_view(&request_identities, 1), task);
  std::vector<std::string> keys;
  if (answer.size() < 5 || answer.front() != identities_answer) return keys;
  std::string_view rest = std::string_view(answer).substr(5);
  for (uint32_t left = number_at(std::string_view(answer).substr(1)); left > 0; --left) {
    auto key = take_counted(rest);
    if (!key || !take_counted(rest)) break;
    keys.push_back(*std::move(key));
  }
  return keys;
}

std::string key_type(std::string_view key) { return take_counted(key).value_or(""); }

AgentRelay::AgentRelay(Agent agent, std::vector<std::string> keys, const Task& task)
    : agent_(std::move(agent)), keys_(std::move(keys)), task_(task) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error("cannot talk to the ssh-agent: too many open files");
  }
  library_end_ = Socket(ends[0]);
  own_end_ = Socket(ends[1]);
  thread_ = std::thread([this] { serve(); });
}

AgentRelay::~AgentRelay() {
  shutdown(own_end_.descriptor(), SHUT_RDWR);
  thread_.join();
}

void AgentRelay::serve() {
  // The library's requests are waited for without a limit: our destructor ends it. A stop must still be
  // answered, so that the library comes back.
  const StopSignal never;
  const Task patient(task_.clock(), task_.log(), never);
  while (const auto request = receive_message(own_end_.descriptor(), patient)) {
    std::string reply;
    try {
      reply = answer(*request);
    } catch (const Cancelled&) {
      // The thread that waits for the library sees the same stop.
    }
    if (reply.empty()) reply = std::string(1, agent_failure);
    if (!send_all(own_end_.descriptor(), counted(reply), patient)) return;
  }
}

std::string AgentRelay::answer(const std::string& request) {
  if (request.starts_with(request_identities)) {
    std::string reply = identities_answer + number(keys_.size());
    for (const auto& key : keys_) reply += counted(key) + counted("");
    return reply;
  }
  return request.starts_with(sign_request) ? agent_.ask(request, task_) : std::string();
}

std::string decode_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const auto value = digits.find(letter);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace dm
