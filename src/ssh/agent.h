#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/environment.h"
#include "base/task.h"
#include "ssh/tcp_connection.h"

namespace dm {

/// A conversation with the user's ssh-agent, each answer waited for as long as the task allows. One thread at
/// a time.
class Agent {
 public:
  /// Connects to $SSH_AUTH_SOCK; nothing if there is no agent.
  static std::optional<Agent> of(const Environment& environment, const Task& task);
  /// The public keys that the agent can sign with, as SSH encodes them; none if it does not answer.
  std::vector<std::string> keys(const Task& task);
  /// The agent's answer to a request, both without their length in front; empty if it does not answer.
  std::string ask(std::string_view request, const Task& task);

 private:
  explicit Agent(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

/// The type that a public key, as SSH encodes it, says it has, e.g. "ssh-ed25519".
std::string key_type(std::string_view key);

/// Stands between a library, which would wait for an agent for ever and try each of its keys, and the agent:
/// offers the chosen keys only, and answers with a failure once the task is stopped or out of time.
class AgentRelay {
 public:
  AgentRelay(Agent agent, std::vector<std::string> keys, const Task& task);
  ~AgentRelay();
  AgentRelay(const AgentRelay&) = delete;
  AgentRelay& operator=(const AgentRelay&) = delete;
  /// The library's end, to be closed by the library.
  int release_library_end() { return library_end_.release(); }

 private:
  void serve();
  std::string answer(const std::string& request);

  Agent agent_;
  std::vector<std::string> keys_;
  Task task_;
  Socket library_end_;
  Socket own_end_;
  std::thread thread_;
};

/// The bytes that a base64 text stands for; what is no base64 ends it.
std::string decode_base64(std::string_view text);

}  // namespace dm
