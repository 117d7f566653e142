#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/state.h"
#include "operations/runtime.h"

namespace dm {

/// One machine as `ls` sees it. A machine that cannot be loaded, or does not answer, is a row like any other.
struct SurveyRow {
  std::string name;
  std::optional<Machine> machine;  ///< none if it cannot be loaded; without its document
  std::string driver_name;         ///< "not found" if it cannot be loaded, "not-found" without its driver
  State state = State::none;
  std::string url;
  std::string engine_version;  ///< "v20.10.24", "Unknown", or "" where nobody was asked
  std::string error;
  Milliseconds took{0};
  bool moved = false;  ///< its engine is ours, and its certificate does not name the address where it is
};

/// Loads the machines, and asks nobody.
std::vector<SurveyRow> load_rows(const Runtime& runtime, std::span<const std::string> names);

/// What a survey is to find out.
enum class Question { state, state_and_engine };

/// Asks all drivers, and if wanted all engines, at the same time; ends at the task's deadline, and who has
/// not answered by then is State::timeout. Rows of machines that could not be loaded are left as they are.
/// New addresses are saved, where nobody else has written the machine meanwhile, and then told as
/// refresh_access() does.
void survey(const Runtime& runtime, std::vector<SurveyRow>& rows, Question question, Task& task);

/// Mends the certificates of the rows that have moved, as OtherName::is_mended says, all at the same time and
/// for three minutes at most; those that another process works on are left to it. Gives a line for each that
/// could not be mended.
std::vector<std::string> mend_moved(const Runtime& runtime, std::span<const SurveyRow> rows, Task& task);

/// What a machine is to the docker client that $DOCKER_HOST points to.
struct Activity {
  bool engine = false;  ///< the client talks to its engine
  bool swarm = false;   ///< the client talks to the swarm that it is master of
};
Activity activity_of(const SurveyRow& row, const std::string& docker_host);

}  // namespace dm
