// Which machines `ls` shows.
#include "operations/filter.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/strings.h"

namespace dm {
namespace {

template <typename Wanted, typename Matches>
bool any_or_none(const std::vector<Wanted>& wanted, Matches&& matches) {
  return wanted.empty() || std::ranges::any_of(wanted, matches);
}

bool equal_fold(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

/// Go's words for what is wrong with an expression.
std::string fault_of(const re2::RE2& expression) {
  switch (expression.error_code()) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
      return "invalid character class";
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    default:
      return expression.error();
  }
}

std::shared_ptr<const re2::RE2> compile(const std::string& pattern) {
  auto expression = std::make_shared<const re2::RE2>(pattern, re2::RE2::Quiet);
  if (expression->ok()) return expression;
  // Go shows the whole expression where a parenthesis is missing, and nothing after a backslash at the end.
  std::string part = expression->error_arg();
  if (expression->error_code() == re2::RE2::ErrorMissingParen ||
      expression->error_code() == re2::RE2::ErrorUnexpectedParen)
    part = pattern;
  if (expression->error_code() == re2::RE2::ErrorTrailingBackslash) part.clear();
  throw Error(fmt::format("error parsing regexp: {}: `{}`", fault_of(*expression), part), Reason::usage);
}

bool has_label(const std::vector<std::string>& labels, const std::string& wanted) {
  const auto equals = wanted.find('=');
  return std::ranges::any_of(labels, [&](const std::string& label) {
    const auto end = label.find('=');
    return label.substr(0, end) == wanted.substr(0, equals) &&
           (equals == std::string::npos ||
            (end != std::string::npos && equal_fold(label.substr(end + 1), wanted.substr(equals + 1))));
  });
}

}  // namespace

Filter::Filter(const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) throw Error("Unsupported filter syntax", Reason::usage);
    const std::string key = lower(trim(text.substr(0, equals)));
    const std::string value(trim(text.substr(equals + 1)));
    if (key == "driver")
      drivers_.push_back(value);
    else if (key == "state")
      states_.push_back(value);
    else if (key == "name")
      names_.push_back(compile(value));
    else if (key == "swarm")
      swarms_.push_back(value);
    else if (key == "label")
      labels_.push_back(value);
    else
      throw Error(fmt::format("Unsupported filter key '{}'", key), Reason::usage);
  }
}

bool Filter::accepts(const SurveyRow& row, const std::vector<SurveyRow>& all) const {
  if (!row.machine) return true;
  const Machine& machine = *row.machine;
  const auto in_swarm = [&](const auto& name) {
    const SurveyRow* master = swarm_master_of(row, all);
    return master != nullptr && equal_fold(master->name, name);
  };
  return any_or_none(drivers_, [&](const auto& name) { return equal_fold(machine.driver_name, name); }) &&
         any_or_none(names_,
                     [&](const auto& pattern) { return re2::RE2::PartialMatch(row.name, *pattern); }) &&
         any_or_none(swarms_, in_swarm) &&
         any_or_none(labels_, [&](const auto& label) { return has_label(machine.engine.labels, label); });
}

bool Filter::accepts_state(const SurveyRow& row) const {
  if (!row.machine) return true;
  return any_or_none(states_, [&](const auto& name) { return equal_fold(text(row.state), name); });
}

const SurveyRow* swarm_master_of(const SurveyRow& row, const std::vector<SurveyRow>& all) {
  if (!row.machine || row.machine->swarm.discovery.empty()) return nullptr;
  for (const auto& other : all) {
    if (other.machine && other.machine->swarm.master &&
        other.machine->swarm.discovery == row.machine->swarm.discovery) {
      return &other;
    }
  }
  return nullptr;
}

}  // namespace dm
