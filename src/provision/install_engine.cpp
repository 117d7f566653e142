// The step that installs an engine where there is none.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "provision/steps.h"

namespace dm {
namespace {

constexpr std::string_view default_install_url = "https://get.docker.com";

// `attempt` shows the output of a command and keeps it, so as to tell another package manager at work, and
// what a run that was cut off has left, from a failure.
constexpr std::string_view package_functions =
    R"sh(work=$(mktemp -d 2>&1) || fail "error installing docker: $work"
temporary="$temporary $work"
repaired=
attempt() {
  tries=0
  while :; do
    { "$@"; echo "$?" >"$work/status"; } 2>&1 | tee "$work/output"
    status=1
    read -r status <"$work/status"
    [ "$status" = 0 ] && return 0
    if grep -Eq "$busy" "$work/output"; then
      tries=$((tries + 1))
      [ "$tries" -lt 60 ] || fail "Failed to obtain lock: Maximum number of retries (60) exceeded"
      sleep 3
    elif [ -n "$broken" ] && [ -z "$repaired" ] && grep -Eq "$broken" "$work/output"; then
      repaired=yes
      $repair
    else
      return "$status"
    fi
  done
}
refreshed=
refresh_packages() {
  [ -z "$refreshed" ] || return 0
  refreshed=yes
  attempt $refresh || warn "The list of packages on the machine could not be brought up to date."
}
# The version that the user wants, as the package manager names it: "24.0" is any of 24.0.x.
find_version() {
  wanted=$(printf '%s' "$version" | sed 's/[.]/[.]/g')
  found=$(versions_of "$1" | grep -E "^([0-9]+:)?$wanted([^0-9].*)?\$" | head -n 1)
  [ -n "$found" ] || fail "There is no version $version of the package $1 for this machine; there are:" \
    "$(versions_of "$1" | head -n 8 | tr '\n' ' ')"
}
install_own_engine() {
  mark part 'installing docker'
  prepare_packages
  refresh_packages
  if [ -n "$version" ]; then
    main=${engine_packages%% *}
    find_version "$main"
    attempt $install_version "$(spec_of "$main" "$found")" || fail "error installing docker: exit status $status"
    # Named once more, without its version, it would be brought to the newest.
    engine_packages=${engine_packages#"$main"}
  fi
  for package in $engine_packages_if_known; do
    if $knows "$package" >/dev/null 2>&1; then engine_packages="$engine_packages $package"; fi
  done
  [ -z "$engine_packages" ] || attempt $install $engine_packages || fail "error installing docker: exit status $status"
}
)sh";

// The script is fetched whole before any of it runs, and an HTTP error is an error. Without -g, curl would
// take braces and brackets for a pattern that names several scripts.
constexpr std::string_view script_functions = R"sh(fetch() {
  if ! command -v curl >/dev/null 2>&1; then
    refresh_packages
    attempt $install $fetch_packages || { why='curl is missing and could not be installed'; return 1; }
  fi
  mark part "fetching $url"
  why=$(curl -fgsSL --connect-timeout 15 --max-time 120 --retry 1 -o "$work/install.sh" -- "$url" 2>&1) && return 0
  why=$(printf '%s\n' "$why" | tail -n 1)
  return 1
}
if fetch; then
  mark part "running $url"
  attempt sh "$work/install.sh" ${version:+--version "$version"} || fail "error installing docker: the script $url ended with exit status $status"
elif [ "$fall_back" = yes ]; then
  tell "$url cannot be fetched from the machine ($why): installing the distribution's own engine."
  install_own_engine
else
  fail "error installing docker: $url cannot be fetched from the machine: $why"
fi
)sh";

/// Brings an engine's packages, and whatever their names belong to, to another version.
constexpr std::string_view upgrade_functions = R"sh(refresh_packages
packages=
for program in $engine_program docker containerd; do
  path=$(command -v "$program") || continue
  package=$(owner_of "$(readlink -f "$path")")
  case " $packages " in *" $package "*) ;; *) packages="$packages $package" ;; esac
  [ -n "$packages" ] && [ "$packages" != ' ' ] ||
    fail "The engine $path on the machine belongs to no package, so that it cannot be upgraded from outside"
done
packages=${packages# }
if [ -n "$version" ]; then
  main=${packages%% *}
  find_version "$main"
  attempt $install_version "$(spec_of "$main" "$found")" || fail "error upgrading docker: exit status $status"
else
  attempt $upgrade $packages || fail "error upgrading docker: exit status $status"
fi
)sh";

/// "v24.0.7", as `ls` shows it, is 24.0.7 to everybody else.
std::string plain_version(const std::string& version) {
  const bool marked =
      version.size() > 1 && version[0] == 'v' && std::isdigit(static_cast<unsigned char>(version[1])) != 0;
  return marked ? version.substr(1) : version;
}

std::string variables(const Distribution& distribution, const std::string& version) {
  const auto& packages = *distribution.packages;
  std::string text = packages.functions;
  text += "prepare_packages() {\n:\n" + distribution.prepare_packages + "}\n";
  const auto set = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}={}\n", name, shell_quote(value));
  };
  set("refresh", packages.refresh);
  set("install", packages.install);
  set("install_version", packages.install_version);
  set("upgrade", packages.upgrade);
  set("knows", packages.knows);
  set("busy", packages.busy);
  set("broken", packages.broken);
  set("repair", packages.repair);
  set("version", plain_version(version));
  set("fetch_packages", join(distribution.fetch_packages, " "));
  set("engine_packages", join(distribution.engine_packages, " "));
  set("engine_packages_if_known", join(distribution.engine_packages_if_known, " "));
  return text;
}

void refuse_what_is_no_engine(const MachineFacts& facts) {
  if (facts.engine_is_snap) {
    throw Error(
        "Docker is installed on the machine as a snap, whose options cannot be set from outside. "
        "Remove it there (sudo snap remove docker) and try again");
  }
  if (!facts.engine_program.empty() && !facts.engine_service) {
    throw Error(
        fmt::format("{} is on the machine, but no service \"docker\" that starts it. Add such a service, or "
                    "remove the program to have an engine installed",
                    facts.engine_program));
  }
}

}  // namespace

std::optional<std::string> install_script_url(const std::string& given) {
  auto url = trim(given);
  const bool quoted =
      url.size() >= 2 && (url.front() == '\'' || url.front() == '"') && url.back() == url.front();
  if (quoted) url = trim(url.substr(1, url.size() - 2));
  if (url.empty() || url == "none") return std::nullopt;
  return std::string(url);
}

namespace {

bool is_version(const std::string& version, const std::string& wanted) {
  return version.starts_with(wanted) &&
         (version.size() == wanted.size() ||
          std::isdigit(static_cast<unsigned char>(version[wanted.size()])) == 0);
}

void warn_of_version(const Provisioning& work) {
  const auto wanted = plain_version(work.request.engine.version);
  const auto& there = work.facts.engine_version;
  if (wanted.empty() || there.empty() || is_version(there, wanted)) return;
  work.task.warn(fmt::format(
      "The machine has Docker {}, not {}. To change that, run: docker-machine upgrade --engine-version {} {}",
      there, wanted, wanted, work.request.machine_name));
}

/// The script to run, if one is to be run here.
std::optional<std::string> script_for(const Provisioning& work) {
  auto url = install_script_url(work.request.engine.install_url);
  // A line of its own could pass for one of our marks in the script's output.
  if (url && std::ranges::any_of(*url, [](unsigned char letter) { return std::iscntrl(letter) != 0; })) {
    throw Error(fmt::format(
        "error installing docker: {} is no address: it has a line break or another control character in it",
        go_quote(*url)));
  }
  const bool refuses_us = work.distribution.source == EngineSource::packages && url == default_install_url;
  return refuses_us ? std::nullopt : url;
}

}  // namespace

ScriptPart upgrade_part(const MachineFacts& facts, const std::string& version) {
  refuse_what_is_no_engine(facts);
  if (facts.distribution->packages == nullptr) {
    throw Error(
        fmt::format("{} brings its engine with the system: upgrade the system itself, then restart it",
                    facts.distribution->name));
  }
  if (!facts.engine_there()) throw Error("There is no engine on the machine: run docker-machine provision");
  return {.name = "upgrading docker",
          .code = variables(*facts.distribution, version) + std::string(package_functions) +
                  fmt::format("engine_program={}\n", shell_quote(facts.engine_program)) +
                  std::string(upgrade_functions),
          .limit = std::chrono::minutes(25)};
}

void install_engine(Provisioning& work) {
  refuse_what_is_no_engine(work.facts);
  if (work.facts.engine_there()) return warn_of_version(work);
  if (work.distribution.packages == nullptr) {
    throw Error(
        fmt::format("error installing docker: there is no engine on the machine, and {} brings its "
                    "engine with the system",
                    work.distribution.name));
  }
  work.task.info("Installing Docker...");
  std::string code =
      variables(work.distribution, work.request.engine.version) + std::string(package_functions);
  if (const auto url = script_for(work)) {
    code +=
        fmt::format("url={}\nfall_back={}\n", shell_quote(*url), *url == default_install_url ? "yes" : "no");
    code += script_functions;
  } else {
    code += "install_own_engine\n";
  }
  work.script.add({"installing docker", code, std::chrono::minutes(25)});
  work.look_again();
  refuse_what_is_no_engine(work.facts);
  if (!work.facts.engine_there()) {
    throw Error(
        "error installing docker: the installation ended well, but there is no dockerd on the machine");
  }
  warn_of_version(work);
}

}  // namespace dm
