// Which machines `ls` shows.
#include "operations/filter.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"

namespace dm {
namespace {

template <typename Wanted, typename Matches>
bool any_or_none(const std::vector<Wanted>& wanted, Matches&& matches) {
  return wanted.empty() || std::ranges::any_of(wanted, matches);
}

bool equal_fold(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

std::regex compile(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw Error(fmt::format("error parsing regexp: {}: `{}`", error.what(), pattern), Reason::usage);
  }
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
         any_or_none(names_, [&](const auto& pattern) { return std::regex_search(row.name, pattern); }) &&
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
