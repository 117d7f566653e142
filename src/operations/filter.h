#pragma once
#include <memory>
#include <string>
#include <vector>

#include "operations/survey.h"

namespace re2 {
class RE2;
}

namespace dm {

/// The filters of `ls`: of one key any may match, of different keys all must.
class Filter {
 public:
  /// From "KEY=VALUE" texts; Error "Unsupported filter syntax", "Unsupported filter key 'foo'", or Go's
  /// text for a regular expression that is none ("error parsing regexp: missing closing ]: `[`").
  explicit Filter(const std::vector<std::string>& texts);

  /// Whether rows must be surveyed before `accepts_state` can be asked.
  bool asks_for_state() const { return !states_.empty(); }
  /// All filters but those for the state. Rows that could not be loaded pass. `all` are the rows to find
  /// swarm masters in.
  bool accepts(const SurveyRow& row, const std::vector<SurveyRow>& all) const;
  bool accepts_state(const SurveyRow& row) const;

 private:
  std::vector<std::string> drivers_, states_, swarms_, labels_;
  std::vector<std::shared_ptr<const re2::RE2>> names_;
};

/// The master among the rows that shares this machine's discovery, or nullptr.
const SurveyRow* swarm_master_of(const SurveyRow& row, const std::vector<SurveyRow>& all);

}  // namespace dm
