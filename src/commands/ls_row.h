#pragma once
#include <string>
#include <vector>

#include "operations/survey.h"
#include "text_template/value.h"

namespace dm {

/// The name of the swarm's master among `all`, marked if it is the row itself; "" without a swarm.
std::string swarm_text(const SurveyRow& row, const std::vector<SurveyRow>& all);
/// How `ls` marks the machine that $DOCKER_HOST points to.
std::string active_text(const SurveyRow& row, const Activity& activity);
/// A row as templates see it, field for field as the original's Go struct.
text_template::Value row_value(const SurveyRow& row, const std::vector<SurveyRow>& all,
                               const std::string& docker_host);
/// What stands above the columns of a table, by the names of a row's fields.
text_template::Value row_titles();

}  // namespace dm
