#pragma once
#include <optional>
#include <string>

#include "drivers/driver.h"

namespace dm {

/// A member of an object; null if there is none, or no object.
const Json& member_of(const Json& object, const std::string& name);

/// What DigitalOcean said. Any status is an answer.
struct DigitalOceanAnswer {
  std::string call;  ///< "GET https://api.digitalocean.com/v2/regions"
  int status = 0;
  Json body;                         ///< null if there was none
  std::optional<Milliseconds> wait;  ///< with 429: when to come again

  /// A member of the body; null if there is none.
  const Json& part(const std::string& name) const;
  bool ok() const { return status / 100 == 2; }
  bool is_missing() const { return status == 404; }
  /// The droplet, or address, is busy with another action.
  bool is_busy() const;
  /// "METHOD URL: STATUS MESSAGE", and what to do where that is known.
  Error failure() const;
};

/// DigitalOcean's API v2 with one token. One thread at a time.
class DigitalOceanApi {
 public:
  /// Whether a call may be sent again when nobody knows what became of it.
  enum class Repeat { harmless, never };

  /// `token` may be a reference, which is looked up at the first call.
  DigitalOceanApi(std::string endpoint, std::string token, const Services& services)
      : endpoint_(std::move(endpoint)), setting_(std::move(token)), services_(services) {
    while (endpoint_.ends_with('/')) endpoint_.pop_back();
  }

  /// One call; throttling and passing failures are borne with. `path` begins with /v2/. Error if there is no
  /// answer.
  DigitalOceanAnswer send(const std::string& method, const std::string& path, const Json& body, Repeat repeat,
                          Task& task);
  /// As send(), but waits up to `limit` while the answer is that something else has to end first.
  DigitalOceanAnswer send_when_free(const std::string& method, const std::string& path, const Json& body,
                                    Repeat repeat, Milliseconds limit, Task& task);
  DigitalOceanAnswer get(const std::string& path, Task& task) {
    return send("GET", path, nullptr, Repeat::harmless, task);
  }
  /// The body of what must be there.
  Json fetch(const std::string& path, Task& task);
  /// All members of a list, by pages of 200.
  Json list(const std::string& path, const std::string& member, Task& task);

 private:
  const std::string& token(Task& task);

  std::string endpoint_, setting_;
  Services services_;
  std::optional<std::string> token_;
};

/// A word as a part of a path or query.
std::string url_word(const std::string& text);

}  // namespace dm
