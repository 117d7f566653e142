// `active`: which machine the docker client talks to.
#include <algorithm>

#include "base/strings.h"
#include "commands/machines.h"
#include "operations/survey.h"

namespace dm {
namespace {

int run(Context& context) {
  if (!context.arguments.words.empty()) throw Error("Error: Too many arguments given", Reason::usage);
  const auto docker_host = context.runtime.services.environment.variable("DOCKER_HOST");
  if (!docker_host) throw Error("No active host found", Reason::not_found);
  auto rows = load_rows(context.runtime, context.runtime.store.names());
  Task limited =
      context.task.within(std::chrono::seconds(std::max(0LL, context.arguments.flags.number("timeout"))));
  survey(context.runtime, rows, Question::state, limited);
  std::ranges::sort(rows, natural_less, &SurveyRow::name);
  for (const auto& row : rows) {
    const Activity activity = activity_of(row, *docker_host);
    if (!activity.engine && !activity.swarm) continue;
    context.out << row.name << "\n";
    return 0;
  }
  const bool unsure = std::ranges::any_of(rows, [](const auto& row) { return row.state == State::timeout; });
  throw Error(unsure ? "Error getting active host: timeout" : "No active host found", Reason::not_found);
}

}  // namespace

extern const Command active_command;
const Command active_command{.syntax = {.name = "active",
                                        .summary = "Print which machine is active",
                                        .flags = {{.name = "timeout",
                                                   .kind = FlagKind::number,
                                                   .help = "Timeout in seconds, default to 10s",
                                                   .otherwise = 10LL,
                                                   .aliases = {"t"}}}},
                             .run = run,
                             .messages = Messages::on_error};

}  // namespace dm
