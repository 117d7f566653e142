#pragma once
#include <deque>
#include <exception>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ssh/ssh.h"

namespace dm {

/// One expected command and what it gives, for FakeSshSession.
struct FakeExchange {
  enum class Match { exact, prefix, regex } match = Match::exact;
  std::string line;
  CommandResult result;
  std::exception_ptr failure;  ///< thrown instead of giving a result

  bool fits(const std::string& command) const {
    switch (match) {
      case Match::exact:
        return command == line;
      case Match::prefix:
        return command.starts_with(line);
      default:
        return std::regex_search(command, std::regex(line));
    }
  }
};

/// What a FakeSshSession is to say, and what was said to it. Outlives the session. One thread.
class FakeTranscript {
 public:
  /// The next command is this one.
  FakeTranscript& expect(std::string line, CommandResult result = {}) {
    return add({FakeExchange::Match::exact, std::move(line), std::move(result), {}});
  }
  /// The next command starts so.
  FakeTranscript& expect_prefix(std::string line, CommandResult result = {}) {
    return add({FakeExchange::Match::prefix, std::move(line), std::move(result), {}});
  }
  /// The next command has a part that fits the expression (ECMAScript).
  FakeTranscript& expect_regex(std::string line, CommandResult result = {}) {
    return add({FakeExchange::Match::regex, std::move(line), std::move(result), {}});
  }
  /// The next command starts so and throws, e.g. an Error with Reason::timed_out.
  template <typename Failure>
  FakeTranscript& expect_failure(std::string line, Failure failure) {
    return add(
        {FakeExchange::Match::prefix, std::move(line), {}, std::make_exception_ptr(std::move(failure))});
  }
  /// Commands that start so may come at any time and as often as they like.
  FakeTranscript& allow(std::string line, CommandResult result = {}) {
    always_.push_back({FakeExchange::Match::prefix, std::move(line), std::move(result), {}});
    return *this;
  }

  /// All commands so far, with their inputs, in order.
  const std::vector<RemoteCommand>& commands() const { return commands_; }
  /// The lines of all commands so far.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& command : commands_) lines.push_back(command.line);
    return lines;
  }
  /// Expected commands that have not come.
  std::vector<std::string> missing() const {
    std::vector<std::string> lines;
    for (const auto& exchange : expected_) lines.push_back(exchange.line);
    return lines;
  }

  /// What the command gives; std::logic_error, which no handler of failures takes for one, if nobody expected
  /// it.
  CommandResult answer(const RemoteCommand& command) {
    commands_.push_back(command);
    commands_.back().output = nullptr;
    FakeExchange exchange;
    if (!expected_.empty() && expected_.front().fits(command.line)) {
      exchange = std::move(expected_.front());
      expected_.pop_front();
    } else {
      exchange = allowed(command.line);
    }
    if (exchange.failure) std::rethrow_exception(exchange.failure);
    auto result = std::move(exchange.result);
    if (!command.output) return result;
    for (auto* text : {&result.output, &result.error}) {
      if (!text->empty()) command.output(*text);
      text->clear();
    }
    return result;
  }

 private:
  FakeTranscript& add(FakeExchange exchange) {
    expected_.push_back(std::move(exchange));
    return *this;
  }
  const FakeExchange& allowed(const std::string& line) const {
    for (const auto& exchange : always_) {
      if (exchange.fits(line)) return exchange;
    }
    const std::string next = expected_.empty() ? "no more commands" : "\"" + expected_.front().line + "\"";
    throw std::logic_error("unexpected command \"" + line + "\"; expected was " + next);
  }

  std::deque<FakeExchange> expected_;
  std::vector<FakeExchange> always_;
  std::vector<RemoteCommand> commands_;
};

/// A session that answers from a transcript.
class FakeSshSession final : public SshSession {
 public:
  explicit FakeSshSession(FakeTranscript& transcript) : transcript_(&transcript) {}
  CommandResult run(const RemoteCommand& command, Task& task) override {
    task.check();
    return transcript_->answer(command);
  }

 private:
  FakeTranscript* transcript_;
};

/// A connector whose sessions answer from one transcript. Counts, remembers and fails as told.
class FakeSshConnector final : public SshConnector {
 public:
  explicit FakeSshConnector(FakeTranscript& transcript) : transcript_(&transcript) {}
  std::unique_ptr<SshSession> connect(const SshTarget& target, Task& task) override {
    task.check();
    targets_.push_back(target);
    if (!failures_.empty()) {
      const Error failure = std::move(failures_.front());
      failures_.pop_front();
      throw failure;
    }
    return std::make_unique<FakeSshSession>(*transcript_);
  }
  /// The next connect that has no failure waiting yet throws this.
  void fail_next(Error failure) { failures_.push_back(std::move(failure)); }
  size_t connects() const { return targets_.size(); }
  const std::vector<SshTarget>& targets() const { return targets_; }

 private:
  FakeTranscript* transcript_;
  std::deque<Error> failures_;
  std::vector<SshTarget> targets_;
};

}  // namespace dm
