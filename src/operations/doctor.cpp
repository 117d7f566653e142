// The examination as a whole: which checks, in which order, and what is done about what they find.
#include "operations/doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "operations/doctor_patient.h"

namespace dm {
namespace doctor {
namespace {

constexpr auto remedy_limit = std::chrono::minutes(8);
/// Mending one thing may let another one come to light; but not for ever.
constexpr int most_remedies = 12;

/// One check. Those that it needs have to be well, or it says nothing but their consequences.
struct Check {
  std::string_view name;
  std::vector<Result> (*look)(Patient&, Task&);
  std::array<std::string_view, 2> needs;
  std::string_view unless_wrong = {};  ///< one that may be unknown, but not wrong
};

/// Causes stand before their consequences: what is mended first is what comes first.
constexpr std::array checks{
    Check{"record", check_record, {}},
    Check{"creation", check_creation, {"record"}},
    Check{"key", check_key, {"record"}},
    Check{"driver", check_driver, {"record"}},
    Check{"name", check_name, {"record"}},
    Check{"ssh port", check_ssh_port, {"name"}},
    Check{"ssh", check_ssh, {"ssh port"}, "key"},
    Check{"clock", check_clock, {"name"}},
    Check{"certificates", check_certificates, {"record"}},
    Check{"disk", check_disk, {"ssh"}},
    Check{"engine", check_engine, {"ssh"}},
    Check{"engine port", check_engine_port, {"name"}, "engine"},
    Check{"tls", check_tls, {"engine port"}, "engine"},
};

/// What one check came to.
struct Outcome {
  std::string_view check;
  CheckState state = CheckState::ok;
  std::vector<Result> results;
};

using Examination = std::vector<Outcome>;

const Outcome& outcome_of(const Examination& examination, std::string_view check) {
  return *std::ranges::find(examination, check, &Outcome::check);
}

/// The check that keeps this one from being looked at, or "".
std::string_view obstacle(const Examination& examination, const Check& check) {
  for (const auto& need : check.needs) {
    if (!need.empty() && outcome_of(examination, need).state != CheckState::ok) return need;
  }
  if (check.unless_wrong.empty()) return {};
  return outcome_of(examination, check.unless_wrong).state == CheckState::wrong ? check.unless_wrong
                                                                                : std::string_view();
}

std::vector<Result> look(const Check& check, Patient& patient, Task& task) {
  try {
    return check.look(patient, task);
  } catch (const std::exception& error) {
    return unknown(error.what());
  }
}

Outcome outcome(const Check& check, const Examination& before, Patient& patient, Task& task) {
  if (const auto other = obstacle(before, check); !other.empty()) {
    // What a machine of this kind does not have, it does not have consequences of either.
    if (outcome_of(before, other).state == CheckState::not_applicable)
      return {check.name, CheckState::not_applicable, {}};
    return {check.name, CheckState::unknown, unknown(fmt::format("see \"{}\"", other))};
  }
  task.progress(fmt::format("Looking at {}'s {}", patient.name, check.name));
  std::vector<Result> results = look(check, patient, task);
  const CheckState state = results.empty() ? CheckState::ok : results.front().state;
  return {check.name, state, std::move(results)};
}

Examination examine(Patient& patient, Task& task) {
  Examination examination;
  for (const auto& check : checks) examination.push_back(outcome(check, examination, patient, task));
  task.progress("");
  return examination;
}

Finding finding_of(std::string_view check, const Result& result) {
  return {.check = std::string(check),
          .state = result.state,
          .what = result.what,
          .why = result.why,
          .mend = result.mend};
}

/// What was found, with what was done about it.
Finding apply(const Remedy& remedy, Finding finding, Patient& patient, Task& task) {
  Task limited = task.within(remedy_limit);
  task.progress(fmt::format("Mending {}'s {}", patient.name, finding.check));
  try {
    finding.done = remedy(patient, limited);
  } catch (const std::exception& error) {
    finding.done = fmt::format("Could not be mended: {}", error.what());
  }
  task.progress("");
  return finding;
}

/// The first thing that is wrong, has a remedy, and was not tried before.
const Result* next_to_mend(const Examination& examination, std::set<std::string>& tried,
                           std::string_view& check) {
  for (const auto& outcome : examination) {
    for (const auto& result : outcome.results) {
      if (result.state != CheckState::wrong || !result.remedy) continue;
      check = outcome.check;
      if (tried.insert(fmt::format("{}: {}", check, result.what)).second) return &result;
    }
  }
  return nullptr;
}

void report_wrong(std::vector<Finding>& findings, const Outcome& outcome,
                  const std::vector<Finding>& attempts) {
  for (const auto& result : outcome.results) {
    Finding finding = finding_of(outcome.check, result);
    for (const auto& attempt : attempts) {
      if (attempt.check == finding.check) finding.done = attempt.done;
    }
    findings.push_back(std::move(finding));
  }
}

/// What a check that is well now has to say of before: what was done about it, or that it was a consequence.
std::vector<Finding> mended(std::string_view check, const Examination& first,
                            const std::vector<Finding>& attempts) {
  std::vector<Finding> findings;
  for (const auto& attempt : attempts) {
    if (attempt.check == check) findings.push_back(attempt);
  }
  const Outcome& before = outcome_of(first, check);
  if (findings.empty() && before.state == CheckState::wrong) {
    for (const auto& result : before.results) findings.push_back(finding_of(check, result));
    for (auto& finding : findings) finding.done = "It came right with the rest.";
  }
  for (auto& finding : findings) finding.state = CheckState::mended;
  return findings;
}

/// The last examination, with what was found before and done about it.
std::vector<Finding> report(const Examination& last, const Examination& first,
                            const std::vector<Finding>& attempts) {
  std::vector<Finding> findings;
  for (const auto& outcome : last) {
    if (outcome.state == CheckState::not_applicable) continue;
    if (!outcome.results.empty()) {
      report_wrong(findings, outcome, attempts);
      continue;
    }
    auto before = mended(outcome.check, first, attempts);
    if (before.empty()) before.push_back({.check = std::string(outcome.check)});
    std::ranges::move(before, std::back_inserter(findings));
  }
  return findings;
}

}  // namespace
}  // namespace doctor

std::vector<Finding> examine_machine(const Runtime& runtime, const std::string& name, Treatment treatment,
                                     const Task& task) {
  using namespace doctor;
  Task own = task;
  auto patient = std::make_unique<Patient>(runtime, name);
  const Examination first = examine(*patient, own);
  Examination examination = first;
  std::vector<Finding> attempts;
  std::set<std::string> tried;
  while (treatment == Treatment::mend && attempts.size() < most_remedies) {
    std::string_view check;
    const Result* result = next_to_mend(examination, tried, check);
    if (result == nullptr) break;
    attempts.push_back(apply(result->remedy, finding_of(check, *result), *patient, own));
    patient = std::make_unique<Patient>(runtime, name);
    examination = examine(*patient, own);
  }
  return report(examination, first, attempts);
}

}  // namespace dm
