// What an engine says of itself, over TLS.
#include "docker/engine.h"

#include <fmt/core.h>

#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

#include "base/json.h"
#include "base/strings.h"
#include "model/endpoint.h"

namespace dm {
namespace {

constexpr Milliseconds dial_limit = std::chrono::seconds(30);
constexpr Milliseconds check_limit = std::chrono::seconds(20);
constexpr size_t quoted_answer = 200;

HttpRequest request_to(const EngineAccess& engine, const std::string& path, Milliseconds connect_limit) {
  const auto parts = parse_docker_url(engine.url);
  if (!parts || parts->port <= 0) throw Error(fmt::format("{} is no engine's URL", go_quote(engine.url)));
  return {.url = fmt::format("https://{}{}", host_port(parts->host, parts->port), path),
          .tls = engine.tls,
          .proxied = false,
          .connect_limit = connect_limit};
}

HttpRequest version_request(const EngineAccess& engine) { return request_to(engine, "/version", dial_limit); }

Error version_failure(const HttpRequest& request, const Error& cause) {
  const std::string text = cause.what();
  if (text.ends_with("connection refused")) {
    return Error("Cannot connect to the docker engine endpoint", cause.reason());
  }
  if (text.starts_with("open ")) return cause.within("Unable to read TLS config");
  return Error(fmt::format("Get \"{}\": {}", request.url, text), cause.reason());
}

/// The beginning of an answer that was not understood, on one line.
std::string excerpt(const std::string& body) {
  return go_quote(trim(std::string_view(body).substr(0, quoted_answer)));
}

EngineVersion parse_version(const HttpRequest& request, const HttpResponse& response) {
  if (response.status != 200) {
    throw Error(fmt::format("Get \"{}\": the engine answers with status {}: {}", request.url, response.status,
                            excerpt(response.body)));
  }
  const auto no_engine = [&] {
    return Error(fmt::format("Get \"{}\": this is no docker engine, it answers {}", request.url,
                             excerpt(response.body)));
  };
  Json answer;
  try {
    answer = parse_json(response.body);
  } catch (const Error&) {
    throw no_engine();
  }
  EngineVersion version{.version = text_of(answer, "Version"),
                        .api = text_of(answer, "ApiVersion"),
                        .minimum_api = text_of(answer, "MinAPIVersion")};
  if (version.version.empty()) throw no_engine();
  return version;
}

/// What one outcome means; an engine before 1.12 names no oldest API.
EngineAnswer understand(const HttpRequest& request, const HttpOutcome& outcome) {
  EngineAnswer answer{.took = outcome.took};
  try {
    if (outcome.error) throw version_failure(request, *outcome.error);
    answer.version = parse_version(request, outcome.response.value());
  } catch (const Error& error) {
    answer.error = error;
  }
  return answer;
}

/// The time of an HTTP header Date ("Sun, 06 Nov 1994 08:49:37 GMT"), or nothing.
std::optional<std::chrono::system_clock::time_point> time_of(const std::string& date) {
  std::tm parts{};
  std::istringstream stream(date);
  stream.imbue(std::locale::classic());
  stream >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S");
  if (stream.fail()) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace

HttpRequest engine_request(const EngineAccess& engine, const std::string& path) {
  return request_to(engine, path, dial_limit);
}

std::optional<Greeting> greet(HttpClient& http, const EngineAccess& engine, Milliseconds limit, Task& task) {
  Task limited = task.within(limit);
  const HttpResponse response = http.send(request_to(engine, "/_ping", limit), limited);
  const auto date = response.headers.find("date");
  const auto time = date == response.headers.end() ? std::nullopt : time_of(date->second);
  return time ? std::optional(Greeting{*time}) : std::nullopt;
}

EngineVersion engine_version(HttpClient& http, const EngineAccess& engine, Task& task) {
  auto answer = std::move(engine_versions(http, std::span(&engine, 1), task).front());
  if (answer.error) throw *answer.error;
  return *std::move(answer.version);
}

std::vector<EngineAnswer> engine_versions(HttpClient& http, std::span<const EngineAccess> engines,
                                          Task& task) {
  std::vector<EngineAnswer> answers(engines.size());
  std::vector<HttpRequest> requests;
  std::vector<size_t> asked;
  for (size_t i = 0; i < engines.size(); ++i) {
    try {
      requests.push_back(version_request(engines[i]));
      asked.push_back(i);
    } catch (const Error& error) {
      answers[i].error = error;
    }
  }
  const auto outcomes = http.send_all(requests, task);
  for (size_t i = 0; i < outcomes.size(); ++i) answers[asked[i]] = understand(requests[i], outcomes[i]);
  return answers;
}

void check_connection(HttpClient& http, const EngineAccess& engine, Task& task) {
  Task limited = task.within(check_limit);
  // The answer is waited for, whatever it says: in TLS 1.3 a server refuses a client's certificate only when
  // the client believes itself connected.
  http.send(request_to(engine, "/_ping", check_limit), limited);
}

}  // namespace dm
