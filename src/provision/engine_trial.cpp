// What other options do to what an engine has and runs.
#include "provision/engine_trial.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"

namespace dm {
namespace {

using std::chrono::seconds;

/// What a restored container does not depend on: https://docs.docker.com/engine/daemon/live-restore/ names
/// the daemon's network and its folders as what it does. Whatever is not listed here counts as if it did.
const std::set<std::string>& harmless_options() {
  static const std::set<std::string> options{"debug",
                                             "default-shm-size",
                                             "default-ulimit",
                                             "dns",
                                             "dns-opt",
                                             "dns-search",
                                             "experimental",
                                             "init",
                                             "insecure-registry",
                                             "label",
                                             "log-driver",
                                             "log-level",
                                             "log-opt",
                                             "max-concurrent-downloads",
                                             "max-concurrent-uploads",
                                             "max-download-attempts",
                                             "metrics-addr",
                                             "no-new-privileges",
                                             "registry-mirror",
                                             "shutdown-timeout"};
  return options;
}

const std::set<std::string>& hiding_options() {
  static const std::set<std::string> options{
      "containerd", "containerd-namespace", "data-root",   "feature", "g", "graph",
      "s",          "storage-driver",       "userns-remap"};
  return options;
}

using Options = std::map<std::string, std::vector<std::string>>;

/// The options of --engine-opt by their names, in whatever order.
Options by_name(const std::vector<std::string>& flags) {
  Options options;
  for (const auto& flag : flags) options[flag.substr(0, flag.find_first_of("= "))].push_back(flag);
  return options;
}

/// The names of those that differ.
std::set<std::string> changed_names(const EngineOptions& before, const EngineOptions& after) {
  const Options then = by_name(before.arbitrary_flags), now = by_name(after.arbitrary_flags);
  std::set<std::string> names;
  for (const auto* options : {&then, &now}) {
    for (const auto& [name, entries] : *options) {
      const bool same = then.contains(name) && now.contains(name) && then.at(name) == now.at(name);
      if (!same) names.insert(name);
    }
  }
  return names;
}

}  // namespace

std::string obstacle_to_live_restore(const EngineOptions& before, const EngineOptions& after) {
  if (before.storage_driver != after.storage_driver)
    return "its storage driver changes, which live-restore does not allow";
  for (const auto& name : changed_names(before, after)) {
    if (!harmless_options().contains(name))
      return fmt::format("its option \"{}\" changes, across which live-restore may lose them", name);
  }
  return {};
}

std::string option_that_hides(const EngineOptions& before, const EngineOptions& after,
                              const MachineFacts& facts) {
  if (before.storage_driver != after.storage_driver && !after.storage_driver.empty() &&
      (after.storage_driver != facts.storage_driver || facts.containerd_images))
    return "storage-driver";
  for (const auto& name : changed_names(before, after)) {
    if (hiding_options().contains(name)) return name;
  }
  return {};
}

// A dockerd without --validate at least reads its command line before it shows its help.
ScriptPart options_trial(const std::vector<std::string>& command) {
  std::string words;
  for (size_t i = 1; i < command.size(); ++i) words += " " + shell_quote(command[i]);
  const std::string code = fmt::format(R"sh(engine_program={}
set --{}
if "$engine_program" --help 2>/dev/null | grep -q -- --validate; then set -- --validate "$@"; else set -- "$@" --help; fi
why=$(limited 30 "$engine_program" "$@" 2>&1 >/dev/null) ||
  fail "The engine does not take these options, and goes on with those that it has: $(printf '%s\n' "$why" | head -n 1)"
)sh",
                                       shell_quote(command.at(0)), words);
  return {"trying the engine's options", code, seconds(40)};
}

ScriptPart refusal_to_hide(const std::string& option) {
  const std::string code = fmt::format(
      R"sh(local_engine() {{ limited 20 docker -H unix:///var/run/docker.sock "$@" 2>&1; }}
if [ -n "$(local_engine ps --all --quiet)$(local_engine images --quiet)" ]; then
  fail "With another {}, the engine would not see its images and containers any more{}"
fi
)sh",
      option, how_to_consent);
  return {"looking for images", code, seconds(50)};
}

ScriptPart engine_trial(const ServiceManager& services, const std::string& afterwards) {
  const std::string code = fmt::format(R"sh(trap '' PIPE HUP
put_engine_back() {{
  for file in $on_trial; do
    if [ -e "$file.before" ]; then mv -f "$file.before" "$file"; else rm -f "$file"; fi
  done
  on_trial=
  if {{ {}; }} >/dev/null 2>&1; then
    tell 'The engine has its former options again.'
  else
    warn 'The engine does not start with its former options either.'
  fi
  {}
}}
on_trial=
trap '[ -z "$on_trial" ] || put_engine_back; rm -rf $temporary' EXIT
for file in $staged; do
  rm -f "$file.before"
  [ ! -e "$file" ] || why=$(cp -p "$file" "$file.before" 2>&1) || fail "Error keeping $file: $why"
done
on_trial=$staged
replace_staged
)sh",
                                       services.restart, afterwards);
  return {"keeping the engine's former options", code, seconds(300)};
}

ScriptPart end_of_engine_trial() {
  return {"keeping the engine's options", "rm -f $(printf '%s.before ' $on_trial)\non_trial=\n", seconds(5)};
}

}  // namespace dm
