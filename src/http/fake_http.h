#pragma once
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

#include "http/http.h"

namespace dm {

/// HTTP for tests: answers from a queue, in the order of the requests, and remembers these. Thread-safe.
class FakeHttp final : public HttpClient {
 public:
  /// What the next unanswered request gets: an answer, or an error that is thrown.
  void will_answer(HttpResponse response) { answers_.emplace_back(std::move(response)); }
  void will_answer(int status, std::string body) {
    will_answer(HttpResponse{.status = status, .body = std::move(body)});
  }
  void will_fail(Error error) { answers_.emplace_back(std::move(error)); }

  /// Everything that was asked so far, in order.
  const std::vector<HttpRequest>& requests() const { return requests_; }
  /// Answers that nobody asked for: 0 at the end of a good test.
  size_t unused() const { return answers_.size(); }

  HttpResponse send(const HttpRequest& request, Task& task) override {
    task.check();
    HttpResponse response = next_answer(request);
    if (request.content && response.status / 100 == 2) request.content(std::exchange(response.body, ""));
    return response;
  }

  std::vector<HttpOutcome> send_all(std::span<const HttpRequest> requests, Task& task) override {
    std::vector<HttpOutcome> outcomes;
    for (const auto& request : requests) {
      HttpOutcome outcome;
      try {
        outcome.response = send(request, task);
      } catch (const Error& error) {
        outcome.error = error;
      }
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  }

 private:
  HttpResponse next_answer(const HttpRequest& request) {
    const std::scoped_lock guard(lock_);
    requests_.push_back(request);
    if (answers_.empty()) throw Error("the test has no answer for " + request.method + " " + request.url);
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    if (auto* error = std::get_if<Error>(&answer)) throw *error;
    return std::get<HttpResponse>(std::move(answer));
  }

  std::mutex lock_;
  std::deque<std::variant<HttpResponse, Error>> answers_;
  std::vector<HttpRequest> requests_;
};

}  // namespace dm
