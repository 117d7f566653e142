// What all machines are doing, asked at once.
#include "operations/survey.h"

#include <fmt/core.h>

#include <deque>
#include <exception>
#include <map>
#include <thread>

#include "base/strings.h"
#include "docker/engine.h"
#include "operations/connection.h"
#include "operations/contexts.h"
#include "operations/many.h"
#include "operations/provision_machine.h"

namespace dm {
namespace {

constexpr auto not_running = "Host is not running";
/// For all renewals together: twice what a slow one takes.
constexpr auto mending_limit = std::chrono::minutes(3);

/// One machine under way.
struct Visit {
  SurveyRow* row = nullptr;
  std::unique_ptr<Driver> driver;
  std::string url;  ///< the one that the engine is asked at
  std::optional<Surveyed> observed;
  std::optional<EngineAnswer> answer;
};

using ByType = std::map<DriverType*, std::vector<Visit*>>;

/// Opens the drivers; a row whose driver is not there says so.
std::vector<Visit> open_drivers(const Runtime& runtime, std::vector<SurveyRow>& rows, ByType& by_type) {
  std::vector<Visit> visits;
  visits.reserve(rows.size());
  for (auto& row : rows) {
    if (!row.machine) continue;
    try {
      DriverType& type = runtime.driver_type(row.machine->driver_name);
      Visit visit{.row = &row, .driver = type.open(row.machine->driver, runtime.services)};
      visit.url = visit.driver->endpoint().docker_url;
      visits.push_back(std::move(visit));
      by_type[&type].push_back(&visits.back());
    } catch (const Error& error) {
      if (error.reason() == Reason::not_found) row.driver_name = "not-found";
      row.state = State::error;
      row.engine_version = "Unknown";
      row.error = error.what();
    }
  }
  return visits;
}

void ask_driver(DriverType& type, const std::vector<Visit*>& visits, Task task) {
  std::vector<Driver*> drivers;
  for (const Visit* visit : visits) drivers.push_back(visit->driver.get());
  auto outcomes = type.survey(drivers, task);
  for (size_t i = 0; i < visits.size(); ++i) visits[i]->observed = std::move(outcomes.at(i));
}

void ask_engines(const Runtime& runtime, const std::vector<Visit*>& visits, Task& task) {
  std::vector<EngineAccess> engines;
  for (const Visit* visit : visits) engines.push_back({visit->url, tls_files(*visit->row->machine)});
  auto answers = engine_versions(runtime.services.http, engines, task);
  for (size_t i = 0; i < visits.size(); ++i) visits[i]->answer = std::move(answers.at(i));
}

/// A thread whose exception is thrown where it is joined.
class BackgroundWork {
 public:
  template <typename Work>
  explicit BackgroundWork(Work work)
      : thread_([this, work] {
          try {
            work();
          } catch (...) {
            failure_ = std::current_exception();
          }
        }) {}
  void join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
  std::jthread thread_;
};

bool timed_out(const std::optional<Error>& error) { return error && error->reason() == Reason::timed_out; }

void fill_row(Visit& visit, Question question, const Task& task) {
  SurveyRow& row = *visit.row;
  const Surveyed& seen = *visit.observed;
  const bool engine_answered = visit.answer && visit.answer->version;
  row.state = engine_answered ? State::running : seen.observation.state;
  if (visit.answer) row.took = visit.answer->took;
  // Only the deadline of the whole survey makes a timeout of a row; the driver's own limits are its findings.
  const bool late = task.left().count() == 0 && !engine_answered &&
                    (timed_out(seen.error) || (visit.answer && timed_out(visit.answer->error)));
  if (late) {
    row.state = State::timeout;
    return;
  }
  if (question == Question::state_and_engine)
    row.engine_version = engine_answered ? "v" + visit.answer->version->version : "Unknown";
  if (seen.error) {
    row.error = seen.error->what();
  } else if (row.state == State::running) {
    row.url = visit.url;
    if (visit.answer && visit.answer->error)
      row.error = fmt::format("Unable to query docker version: {}", visit.answer->error->what());
  }
  if (row.error == not_running) row.error.clear();
}

/// Writes down where the machine is now; false if it was not to be. A survey that cannot is a survey all the
/// same.
bool remember(const Runtime& runtime, const Visit& visit, const Task& task) {
  try {
    Machine machine = runtime.store.load(visit.row->name);
    if (machine.driver != visit.row->machine->driver) return false;
    machine.driver = visit.driver->record();
    return runtime.store.save_if_unchanged(machine, task);
  } catch (const Error& error) {
    task.debug(error.what());
    return false;
  }
}

/// Lets the user's other programs know of new addresses, too.
void spread(const Runtime& runtime, const std::vector<std::string>& names, const Task& task) {
  for (const auto& name : names) {
    Task own = task.on(name);
    try {
      refresh_access(runtime, open_machine(runtime, name), own);
    } catch (const Error& error) {
      own.debug(error.what());
    }
  }
}

void note_unfinished(const Runtime& runtime, SurveyRow& row) {
  Notes notes;
  try {
    notes = runtime.store.notes(row.name);
  } catch (const Error& error) {
    row.error += (row.error.empty() ? "" : "; ") + std::string(error.what());
  }
  if (!notes.unfinished) return;
  if (runtime.store.is_locked(row.name)) {
    row.error = "Is being created";
    return;
  }
  row.state = State::error;
  const std::string why = notes.failure.empty() ? "" : " (" + notes.failure + ")";
  row.error = "Creation did not finish" + why + (row.error.empty() ? "" : "; " + row.error);
}

}  // namespace

std::vector<SurveyRow> load_rows(const Runtime& runtime, std::span<const std::string> names) {
  std::vector<SurveyRow> rows;
  for (const auto& name : names) {
    SurveyRow row{.name = name};
    try {
      row.machine = runtime.store.load(name);
      row.machine->document = nullptr;
      row.driver_name = row.machine->driver_name;
    } catch (const Error& error) {
      // Removed since the folder was read: not there any more is not broken.
      if (error.reason() == Reason::not_found && !runtime.store.exists(name)) continue;
      row.driver_name = "not found";
      row.state = State::error;
      row.error = replace_all(error.what(), "\n", "");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void survey(const Runtime& runtime, std::vector<SurveyRow>& rows, Question question, Task& task) {
  ByType by_type;
  std::vector<Visit> visits = open_drivers(runtime, rows, by_type);

  std::vector<Visit*> known;
  for (auto& visit : visits) {
    const bool is_asked = question == Question::state_and_engine && !visit.url.empty();
    if (is_asked && !is_over_ssh(runtime, visit.row->name)) known.push_back(&visit);
  }
  // Engines are asked at the addresses that we know while the drivers find out what is true now.
  std::deque<BackgroundWork> drivers;
  for (const auto& [type, of_type] : by_type) {
    drivers.emplace_back([type = type, &of_type = of_type, &task] { ask_driver(*type, of_type, task); });
  }
  if (!known.empty()) ask_engines(runtime, known, task);
  for (auto& driver : drivers) driver.join();

  std::vector<Visit*> moved;
  std::vector<std::string> saved;
  for (auto& visit : visits) {
    const std::string& url = visit.observed->observation.endpoint.docker_url;
    if (visit.observed->error || url == visit.url) continue;
    visit.url = url;
    visit.answer.reset();
    if (url.empty()) continue;
    if (remember(runtime, visit, task)) saved.push_back(visit.row->name);
    if (question == Question::state_and_engine) moved.push_back(&visit);
  }
  if (!moved.empty()) ask_engines(runtime, moved, task);
  for (auto& visit : visits) {
    // Not only of those found elsewhere just now: the new address may have been saved by whoever asked
    // before.
    visit.row->moved = !visit.observed->error && visit.answer && visit.answer->error &&
                       names_another_address(*visit.answer->error) &&
                       visit.driver->endpoint().ssh.has_value();
    fill_row(visit, question, task);
    note_unfinished(runtime, *visit.row);
  }
  spread(runtime, saved, task);
}

std::vector<std::string> mend_moved(const Runtime& runtime, std::span<const SurveyRow> rows, Task& task) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    if (row.moved) names.push_back(row.name);
  }
  if (names.empty()) return {};
  const Task limited = task.within(mending_limit);
  return on_each(names, [&](const std::string& name) {
    Task own = limited.on(name);
    // Whoever works on it leaves it with a certificate that fits, or says why not.
    if (runtime.store.is_locked(name)) return own.debug("Another docker-machine is working on it.");
    OpenMachine open = open_machine(runtime, name);
    connected_url(runtime, open, Target::engine, OtherName::is_mended, own);
  });
}

Activity activity_of(const SurveyRow& row, const std::string& docker_host) {
  Activity activity;
  if (row.state != State::running || row.url.empty() || docker_host.empty()) return activity;
  activity.engine = row.url == docker_host;
  if (!row.machine || !row.machine->swarm.master) return activity;
  const auto engine = parse_docker_url(row.url), swarm = parse_docker_url(row.machine->swarm.host);
  activity.swarm = engine && swarm && "tcp://" + host_port(engine->host, swarm->port) == docker_host;
  return activity;
}

}  // namespace dm
