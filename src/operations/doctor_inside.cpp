// What a machine says of itself.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "certs/authority.h"
#include "operations/doctor_remedies.h"

namespace dm::doctor {
namespace {

using Time = std::chrono::system_clock::time_point;
using std::chrono::seconds;

/// Certificates hold from five minutes before they were made, and a log may be a minute wrong.
constexpr auto tolerated_skew = seconds(60);
constexpr int full = 95;  // per cent

std::string moment(Time time) {
  const std::time_t value = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&value, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string span_text(seconds span) {
  constexpr long long day = 86400, hour = 3600, minute = 60;
  const long long count = std::abs(span.count());
  // To the nearest one: two clocks are never read at the same moment.
  if (count >= 2 * day) return fmt::format("{} days", (count + day / 2) / day);
  if (count >= 2 * hour) return fmt::format("{} hours", count / hour);
  if (count >= 2 * minute) return fmt::format("{} minutes", count / minute);
  return fmt::format("{} seconds", count);
}

/// A moment that has surely passed: no clock that is before it is right. The machine's certificates were
/// made then.
Time last_known_past(const Patient& patient) {
  Time latest;
  const AuthOptions& auth = patient.open->machine.auth;
  for (const auto& file : {auth.ca_cert_path, auth.client_cert_path, auth.server_cert_path}) {
    try {
      latest = std::max(latest, read_certificate(read_file(file)).not_before);
    } catch (const Error&) {
      continue;  // which another check tells of
    }
  }
  return latest;
}

enum class WrongClock { machine, ours, either };

WrongClock judge(const Patient& patient, Time its, Time ours) {
  const Time past = last_known_past(patient);
  if ((its < past) != (ours < past)) return its < past ? WrongClock::machine : WrongClock::ours;
  const bool it_follows = patient.has_ssh() && patient.health->clock_is_synchronized;
  const bool we_follow = clock_is_synchronized();
  if (it_follows != we_follow) return it_follows ? WrongClock::ours : WrongClock::machine;
  return WrongClock::either;
}

Result wrong_clock(const Patient& patient, Time its, Time ours) {
  const auto skew = std::chrono::duration_cast<seconds>(its - ours);
  const std::string what = fmt::format("Its clock is {} {} ours: it says {}, and we say {}", span_text(skew),
                                       skew.count() > 0 ? "ahead of" : "behind", moment(its), moment(ours));
  const std::string why = "Certificates seem expired or not yet valid to one side";
  switch (judge(patient, its, ours)) {
    case WrongClock::machine:
      return wrong(what + ". The machine's is the wrong one", why,
                   patient.has_ssh() ? by_fix : "Set it when SSH works again",
                   patient.has_ssh() ? Remedy(set_its_clock) : Remedy());
    case WrongClock::ours:
      return wrong(what + ". Ours seems to be the wrong one", why,
                   "Set the clock of this computer: sudo timedatectl set-ntp true");
    case WrongClock::either:
      break;
  }
  return wrong(
      what + ". Which of them is wrong cannot be told from here, since neither or both follow a time server",
      why,
      fmt::format("Set the wrong one: here with sudo timedatectl set-ntp true, there with docker-machine ssh "
                  "{} sudo timedatectl set-ntp true",
                  patient.name));
}

std::string fullness(const DiskUse& disk) {
  return disk.bytes_percent >= full
             ? fmt::format("{} % of its space ({} MiB free)", disk.bytes_percent, disk.free_kilobytes / 1024)
             : fmt::format("{} % of its files (inodes)", disk.inodes_percent);
}

}  // namespace

std::vector<Result> check_clock(Patient& patient, Task& task) {
  std::optional<Time> its;
  if (patient.has_ssh()) {
    its = patient.health->time;
  } else if (!patient.endpoint.docker_url.empty()) {
    if (const auto& greeting = contact(patient, task).greeting) its = greeting->time;
  }
  if (!its) return unknown("nobody tells the machine's time");
  const Time ours = task.clock().now();
  patient.clock_is_off = *its - ours > tolerated_skew || ours - *its > tolerated_skew;
  if (!patient.clock_is_off) return {};
  return {wrong_clock(patient, *its, ours)};
}

std::vector<Result> check_disk(Patient& patient, Task&) {
  std::vector<Result> results;
  for (const auto& disk : patient.health->disks) {
    if (disk.bytes_percent < full && disk.inodes_percent < full) continue;
    results.push_back(wrong(fmt::format("The disk of {} is full: {} are used", disk.path, fullness(disk)),
                            "An engine on a full disk hangs, fails, and does not start", by_fix,
                            free_disk_space));
  }
  return results;
}

std::vector<Result> check_engine(Patient& patient, Task&) {
  if (!patient.open->type->traits().provisioned) return not_applicable();
  const Health& health = *patient.health;
  if (health.engine_state.empty()) return unknown("its service manager is not asked");
  if (health.engine_state != "active") {
    const std::string journal(trim(health.journal));
    return {wrong(fmt::format("The engine does not run: its service docker is {}{}", health.engine_state,
                              journal.empty() ? "" : ". It said last:\n" + journal),
                  "It was stopped, has failed, or cannot start", by_fix, start_engine_again)};
  }
  if (health.engine_at_boot == "disabled") {
    return {wrong("The engine does not start when the machine boots: its service docker is disabled",
                  "After the next boot nobody would answer", by_fix, enable_engine_at_boot)};
  }
  return {};
}

}  // namespace dm::doctor
