// Restarting an engine whose containers run on.
#include "provision/gentle_restart.h"

#include <fmt/core.h>

#include "base/json.h"
#include "base/strings.h"
#include "provision/distribution.h"

namespace dm {
namespace {

using std::chrono::seconds;

// Docker's limits of live-restore: https://docs.docker.com/engine/daemon/live-restore/. KillMode: otherwise
// systemd ends the containers' own processes together with the engine.
constexpr std::string_view before_code = R"sh(trap '' PIPE HUP
daemon_file=/etc/docker/daemon.json
kept_file=$daemon_file.before-restart
running= running_as= obstacle=
engine() { limited 20 docker -H unix:///var/run/docker.sock "$@" 2>/dev/null; }
process_of() { systemctl show --property=MainPID docker 2>/dev/null | sed 's/^MainPID=//'; }
live_restore_is() {
  tries=0
  until [ "$(engine info --format '{{.LiveRestoreEnabled}}')" = "$1" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || return 1
    sleep 0.2 2>/dev/null || sleep 1
  done
}
reload_engine() {
  process=$(process_of)
  [ "${process:-0}" -gt 0 ] && kill -HUP "$process"
}
put_back() {
  if [ -s "$kept_file" ]; then mv -f "$kept_file" "$daemon_file"; else rm -f "$kept_file" "$daemon_file"; fi
}
write_engine_file() {
  if [ -e "$daemon_file" ]; then cp -p "$daemon_file" "$daemon_file.new"; else : >"$daemon_file.new" && chmod 644 "$daemon_file.new"; fi &&
    printf '%s\n' "$1" >"$daemon_file.new" && mv -f "$daemon_file.new" "$daemon_file"
}
set_live_restore() {
  if [ ! -d "${daemon_file%/*}" ]; then mkdir -p "${daemon_file%/*}"; fi
  printf '%s\n' "$content_with" >"$daemon_file.check"
  if "$engine_program" --help 2>/dev/null | grep -q -- --validate &&
    ! why=$(limited 20 "$engine_program" --validate --config-file "$daemon_file.check" 2>&1); then
    rm -f "$daemon_file.check"
    obstacle="$daemon_file with live-restore in it does not pass dockerd --validate: $(printf '%s\n' "$why" | tail -n 1)"
    return
  fi
  rm -f "$daemon_file.check"
  # What an interrupted run left there is what was there before us.
  if [ ! -e "$kept_file" ]; then
    if [ -e "$daemon_file" ]; then cp -p "$daemon_file" "$kept_file"; else : >"$kept_file"; fi
  fi
  if ! why=$(write_engine_file "$content_with" 2>&1); then
    put_back
    obstacle="$daemon_file cannot be written: $why"
    return
  fi
  reload_engine
  live_restore_is true && return
  put_back
  reload_engine
  obstacle="its engine has not taken live-restore out of $daemon_file"
}
find_obstacle() {
  case $(systemctl show --property=KillMode docker 2>/dev/null) in
    KillMode=process | KillMode=none) ;;
    *)
      obstacle="its service manager may end them together with the engine (the unit's KillMode is not \"process\")"
      return
      ;;
  esac
  state=$(engine info --format '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}')
  case $state in
    true\ *) ;;
    false\ | false\ inactive)
      command=$(tr '\0' '\n' <"/proc/$(process_of)/cmdline" 2>/dev/null)
      if printf '%s\n' "$command" | grep -q '^--live-restore'; then
        obstacle="its engine's command line rules live-restore out"
      elif printf '%s\n' "$command" | grep -q '^--config-file'; then
        obstacle="its engine reads another file than $daemon_file"
      elif [ -L "$daemon_file" ]; then
        obstacle="$daemon_file is a link, and so looked after by somebody else"
      elif [ -n "$content_unusable" ]; then
        obstacle=$content_unusable
      elif [ "$(cat "$daemon_file" 2>/dev/null)" != "$content_found" ]; then
        obstacle="$daemon_file was changed just now"
      else
        set_live_restore
      fi
      ;;
    *\ *) obstacle="its engine is part of a swarm, which rules out live-restore" ;;
    *) obstacle="its engine does not say whether it has live-restore" ;;
  esac
}
if ! running=$(engine ps --quiet --no-trunc); then
  # "containerd-shim-runc-v2" is cut to 15 letters there.
  if grep -qsx containerd-shim /proc/[0-9]*/comm; then
    running=some
    obstacle="its engine does not answer on the machine itself and so cannot be told to keep them running"
  fi
elif [ -n "$running" ]; then
  running_as=$(engine inspect --format '{{.Id}} {{.State.Pid}} {{.Name}}' $running)
  if @consent@; then find_obstacle; else obstacle=$refusal; fi
fi
if [ -n "$running" ] && [ -n "$obstacle" ]; then
  @on_obstacle@
fi
)sh";

// Taking the key out of the file would leave the running engine as it is: it has to be told "false" first.
constexpr std::string_view after_code = R"sh(if [ -n "$running" ] && [ -z "$obstacle" ]; then
  tries=0
  until engine version >/dev/null || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.2 2>/dev/null || sleep 1
  done
  printf '%s\n' "$running_as" | while read -r id pid name; do
    if [ "$(engine inspect --format '{{.State.Pid}}' "$id")" != "$pid" ] && [ ! -e "/proc/$pid" ]; then
      warn "The container ${name#/} on the machine has ended or was restarted meanwhile."
    fi
  done
fi
if [ -e "$kept_file" ]; then
  if write_engine_file "$content_without" && reload_engine && live_restore_is false; then
    put_back
  else
    put_back
    warn "The engine keeps live-restore until its next restart: it could not be switched off again."
  fi
fi
)sh";

constexpr std::string_view fail_code =
    "fail \"its running containers would stop for a restart of the engine, since $obstacle$remedy\"";
constexpr std::string_view warn_code =
    "warn \"Its running containers stop with the engine, since $obstacle.\"";

/// A shell assignment of a text as `$(cat FILE)` gives it: without the newlines at its end.
std::string assignment(const std::string& variable, const std::string& value) {
  return fmt::format("{}={}\n", variable, shell_quote(value.substr(0, value.find_last_not_of('\n') + 1)));
}

}  // namespace

std::string with_live_restore(const std::string& engine_file, bool wanted) {
  Json document = trim(engine_file).empty() ? Json::object() : parse_json(engine_file);
  if (!document.is_object()) throw Error("it holds no JSON object");
  document["live-restore"] = wanted;
  return go_json(document, 4);
}

GentleRestart gentle_restart(const MachineFacts& facts, Containers containers, const GentleConsent& consent) {
  std::string with, without, unusable;
  try {
    with = with_live_restore(facts.engine_file, true);
    without = with_live_restore(facts.engine_file, false);
  } catch (const Error& error) {
    unusable = fmt::format("/etc/docker/daemon.json on the machine cannot be used: {}", error.what());
  }
  std::string code(before_code);
  code = replace_all(code, "@consent@", consent.command);
  code = replace_all(code, "@on_obstacle@",
                     containers == Containers::run_on ? std::string(fail_code) : std::string(warn_code));
  const std::string variables =
      assignment("engine_program", facts.engine_program) + assignment("content_found", facts.engine_file) +
      assignment("content_with", with) + assignment("content_without", without) +
      assignment("content_unusable", unusable) + assignment("refusal", consent.otherwise) +
      assignment("remedy", consent.remedy);
  return {.before = {"looking after running containers", variables + code, seconds(90)},
          .after = {"looking whether the containers run on", std::string(after_code), seconds(90)}};
}

}  // namespace dm
