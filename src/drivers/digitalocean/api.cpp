// Calls to DigitalOcean's API.
#include "drivers/digitalocean/api.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "drivers/patience.h"
#include "drivers/secret.h"

namespace dm {
namespace {

constexpr int page_size = 200;  // the largest that there is
constexpr int too_many = 429;
constexpr Milliseconds first_look = std::chrono::seconds(1), longest_look = std::chrono::seconds(5);

/// Seconds as a header says them; nothing if it does not.
std::optional<long long> seconds_in(const HttpResponse& response, const char* header) {
  const auto found = response.headers.find(header);
  const int seconds = found == response.headers.end() ? -1 : number_or_minus_one(trim(found->second));
  return seconds < 0 ? std::nullopt : std::optional<long long>(seconds);
}

/// When a throttled client may come again, by the headers of the answer.
std::optional<Milliseconds> wait_in(const HttpResponse& response, const Clock& clock) {
  if (response.status != too_many) return std::nullopt;
  if (const auto after = seconds_in(response, "retry-after")) return std::chrono::seconds(*after);
  const auto reset = seconds_in(response, "ratelimit-reset");
  if (!reset) return std::nullopt;
  const std::chrono::system_clock::time_point moment{std::chrono::seconds(*reset)};
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(moment - clock.now()));
}

Json body_of(const HttpResponse& response, const std::string& call) {
  if (trim(response.body).empty()) return nullptr;
  try {
    return parse_json(response.body);
  } catch (const Error&) {
    // A gateway on the way has words of its own for a failure.
    if (response.status / 100 != 2) return nullptr;
    throw Error(fmt::format("{}: the answer is no JSON. Is --digitalocean-api-endpoint right?", call));
  }
}

bool has_another_page(const Json& body) {
  return !text_of(member_of(member_of(body, "links"), "pages"), "next").empty();
}

std::string advice_for(const DigitalOceanAnswer& answer) {
  switch (answer.status) {
    case 401:
      return ". The token is wrong, or was revoked: see --digitalocean-access-token";
    case 403:
      return ". The token lacks a scope for this";
    case too_many:
      if (!answer.wait) return "";
      return fmt::format(". The account's calls are used up for {} more seconds",
                         std::chrono::ceil<std::chrono::seconds>(*answer.wait).count());
    default:
      return "";
  }
}

Reason reason_for(int status) {
  if (status == 401 || status == 403) return Reason::authentication_failed;
  return status == 404 ? Reason::not_found : Reason::failed;
}

}  // namespace

const Json& member_of(const Json& object, const std::string& name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

const Json& DigitalOceanAnswer::part(const std::string& name) const { return member_of(body, name); }

bool DigitalOceanAnswer::is_busy() const {
  const std::string message = lower(text_of(body, "message"));
  return status == 422 && (message.contains("pending event") || message.contains("locked"));
}

Error DigitalOceanAnswer::failure() const {
  const std::string request = text_of(body, "request_id");
  return Error(
      fmt::format("{}: {} {}{}{}", call, status, text_of(body, "message"),
                  request.empty() ? "" : fmt::format(" (request \"{}\")", request), advice_for(*this)),
      reason_for(status));
}

const std::string& DigitalOceanApi::token(Task& task) {
  if (token_) return *token_;
  token_ = resolved_secret(setting_, services_, task);
  const auto is_plain = [](char letter) { return std::isgraph(static_cast<unsigned char>(letter)) != 0; };
  if (!std::ranges::all_of(*token_, is_plain)) {
    throw Error("the access token has blanks or other characters that no token has", Reason::check_failed);
  }
  return *token_;
}

DigitalOceanAnswer DigitalOceanApi::send(const std::string& method, const std::string& path, const Json& body,
                                         Repeat repeat, Task& task) {
  HttpRequest request{.method = method, .url = endpoint_ + path};
  request.headers = {"Authorization: Bearer " + token(task), "Accept: application/json"};
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = body.dump();
  }
  const auto judge = [&](const HttpResponse& response) -> Advice {
    if (response.status == too_many)
      return {.kind = Advice::Kind::throttled, .wait = wait_in(response, services_.clock)};
    const bool again = response.status / 100 == 5 && repeat == Repeat::harmless;
    return {.kind = again ? Advice::Kind::try_again : Advice::Kind::take, .wait = std::nullopt};
  };
  Patience patience;
  if (repeat == Repeat::never) patience.retries = 0;
  const std::string call = method + " " + request.url;
  const HttpResponse response = in_context(call, [&] {
    return send_patiently(
        services_.http, [&] { return request; }, judge, patience, task);
  });
  task.debug(fmt::format("{}: {}", call, response.status));
  return {.call = call,
          .status = response.status,
          .body = body_of(response, call),
          .wait = wait_in(response, services_.clock)};
}

DigitalOceanAnswer DigitalOceanApi::send_when_free(const std::string& method, const std::string& path,
                                                   const Json& body, Repeat repeat, Milliseconds limit,
                                                   Task& task) {
  const Task waiting = task.within(limit);
  for (Backoff backoff(first_look, longest_look);;) {
    DigitalOceanAnswer answer = send(method, path, body, repeat, task);
    // What would not end in time keeps the provider's own words.
    if (!answer.is_busy() || waiting.left() <= longest_look) return answer;
    backoff.pause(waiting);
  }
}

Json DigitalOceanApi::fetch(const std::string& path, Task& task) {
  DigitalOceanAnswer answer = get(path, task);
  if (!answer.ok()) throw answer.failure();
  return std::move(answer.body);
}

Json DigitalOceanApi::list(const std::string& path, const std::string& member, Task& task) {
  Json items = Json::array();
  for (int page = 1;; ++page) {
    const Json body = fetch(fmt::format("{}{}per_page={}{}", path, path.contains('?') ? '&' : '?', page_size,
                                        page > 1 ? fmt::format("&page={}", page) : ""),
                            task);
    const Json& members = member_of(body, member);
    for (const auto& item : members) items.push_back(item);
    if (members.empty() || !has_another_page(body)) return items;
  }
}

std::string url_word(const std::string& text) {
  std::string word;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain = std::isalnum(byte) != 0 || std::string_view("-._~:").contains(letter);
    word += plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return word;
}

}  // namespace dm
