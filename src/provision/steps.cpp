// What is done on a machine to make it a Docker host, step by step.
#include "provision/steps.h"

#include <fmt/core.h>

#include <utility>

#include "base/strings.h"
#include "provision/access.h"
#include "provision/engine_flags.h"
#include "provision/engine_trial.h"
#include "provision/engine_unit.h"

namespace dm {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds listening_limit{60};
constexpr size_t longest_hostname = 63;

// The exit status 2 means errors that cloud-init got over.
constexpr std::string_view cloud_init_code = R"sh(limited 600 cloud-init status --wait >/dev/null 2>&1
case $? in
  0 | 2) ;;
  124) warn "cloud-init on the machine has not finished within 10 minutes; going on without it." ;;
  *) warn "cloud-init on the machine ended with errors (cloud-init status --long tells which); going on." ;;
esac
)sh";

// In containers these files are mounted: they can be written, but not replaced. /etc/hosts comes first, so
// that at no time the hostname is one that sudo cannot resolve.
constexpr std::string_view hostname_code = R"sh(overwrite() {
  why=$( (cat >"$1.new" && cat "$1.new" >"$1" && rm -f "$1.new") 2>&1) && return
  rm -f "$1.new"
  warn "$1 on the machine could not be written: $why"
}
if ! grep -Eq "^[^#]*[[:space:]]$pattern([[:space:]#]|\$)" /etc/hosts; then
  if grep -Eq '^127\.0\.1\.1[[:space:]]' /etc/hosts; then
    hosts=$(sed "s/^127\.0\.1\.1[[:space:]].*/127.0.1.1 $name/" /etc/hosts)
  else
    hosts=$(cat /etc/hosts; echo "127.0.1.1 $name")
  fi
  printf '%s\n' "$hosts" | overwrite /etc/hosts
fi
if [ "$(cat /etc/hostname)" != "$name" ]; then
  printf '%s\n' "$name" | overwrite /etc/hostname
fi
if [ "$(uname -n)" != "$name" ]; then
  why=$(hostname "$name" 2>&1) || why=$(hostnamectl set-hostname "$name" 2>&1) ||
    warn "The machine's hostname could not be set: $why"
fi
)sh";

/// A command that makes a folder.
std::string make_folder_code(const std::string& path) {
  return fmt::format(
      "why=$(mkdir -p {0} 2>&1) || fail \"Error making the folder {0} on the machine: $why\"\n", path);
}

std::string stage_code(const std::string& path, std::string_view mode, const std::string& content) {
  return fmt::format("stage {} {}{}", path, mode, here_document(content));
}

/// As `$(cat FILE)` gives it.
std::string without_last_newlines(const std::string& text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::vector<std::string> command_for(const Provisioning& work, const ProvisionRequest& request, Task& task) {
  const auto& distribution = work.distribution;
  return engine_command(request, work.facts, distribution.storage_driver, distribution.paths.certificates,
                        task);
}

/// The text of the file that gives an engine its command line and its variables.
using OptionsText = std::function<std::string(const std::vector<std::string>& command,
                                              const std::vector<std::string>& environment)>;

/// The file as it is if the engine has what we know; nothing if these options could not be given at all.
std::string former_text(const Provisioning& work, const OptionsText& text) {
  ProvisionRequest request = work.request;
  request.engine = work.request.former->engine;
  request.engine_port = work.request.former->port;
  SilentLog silent;
  const StopSignal never;
  Task quiet(work.task.clock(), silent, never);
  try {
    return text(command_for(work, request, quiet), request.engine.environment);
  } catch (const Error& error) {
    work.task.debug(error.what());
    return {};
  }
}

/// Whether the options that are about to be replaced are those that we think: others may be changed with
/// them.
std::string compare_code(const Provisioning& work, const OptionsText& text) {
  if (work.request.containers == Containers::may_stop) return {};
  const auto& file = work.distribution.paths.options;
  std::string code = fmt::format(
      "options_changed=\n[ \"$(cat {0} 2>&1)\" = \"$(cat {0}.new)\" ] || options_changed=yes\n", file);
  if (work.request.former) {
    code += fmt::format("if [ \"$(cat {} 2>&1)\" = {} ]; then options_changed=; fi\n", file,
                        shell_quote(without_last_newlines(former_text(work, text))));
  }
  return code;
}

void write_options(Provisioning& work, const OptionsText& text) {
  const auto command = command_for(work, work.request, work.task);
  const std::string content = text(command, work.request.engine.environment);
  work.task.info("Setting Docker configuration on the remote daemon...");
  if (work.request.former) {
    work.script.add(options_trial(command));
    const std::string hiding =
        option_that_hides(work.request.former->engine, work.request.engine, work.facts);
    if (!hiding.empty() && work.request.containers == Containers::run_on)
      work.script.add(refusal_to_hide(hiding));
  }
  const auto& file = work.distribution.paths.options;
  work.script.add({"setting the engine's options",
                   fmt::format("options_file={}\n", file) + work.distribution.services->check_files +
                       make_folder_code(folder_of(file)) + stage_code(file, "644", content) +
                       compare_code(work, text) + (work.request.former ? "" : "replace_staged\n"),
                   seconds(15)});
}

GentleConsent consent_of(const ProvisionRequest& request) {
  GentleConsent consent{.command = "[ -z \"$options_changed\" ]"};
  if (!request.former) return consent;
  consent.remedy = how_to_consent;
  consent.otherwise = "its options on the machine are not those that docker-machine knows of";
  const std::string obstacle = obstacle_to_live_restore(request.former->engine, request.engine);
  if (!obstacle.empty()) consent.command = "false", consent.otherwise = obstacle;
  return consent;
}

}  // namespace

void Provisioning::send() {
  if (script.empty()) return;
  run_script(host, std::exchange(script, {}), facts.privilege, task);
}

void Provisioning::look_again() {
  send();
  facts = parse_facts(host.ask(facts_command(), task).output);
  facts.distribution = &distribution;
}

std::string hostname_for(const std::string& machine_name) {
  std::string name = machine_name.substr(0, longest_hostname);
  while (!name.empty() && (name.back() == '-' || name.back() == '.' || name.back() == '_')) name.pop_back();
  return name;
}

ScriptPart certificates_part(const std::string& folder, const EngineCertificates& certificates) {
  const std::string code = make_folder_code(folder) +
                           stage_code(folder + "/ca.pem", "644", certificates.authority) +
                           keep_granted_code(folder + "/ca.pem") +
                           stage_code(folder + "/server.pem", "644", certificates.certificate) +
                           stage_code(folder + "/server-key.pem", "600", certificates.key);
  return {"copying the certificates", code, seconds(15)};
}

ScriptPart listening_part(const ServiceManager& services, int port, seconds limit) {
  // The kernel's own table needs no program: ss and netstat are both missing on some machines. 0A is
  // "listening".
  const std::string code =
      fmt::format(R"sh(listening() {{
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -Eq '^ *[0-9]+: [0-9A-F]+:{port:04X} [0-9A-F]+:0000 0A '
}}
started=$(seconds_up)
until listening; do
  if {has_failed}; then
    why='the service has failed'
  elif [ $(($(seconds_up) - started)) -ge {limit} ]; then
    why='nothing listens on port {port} after {limit} seconds'
  else
    sleep 0.2 2>/dev/null || sleep 1
    continue
  fi
  {journal}
  fail "Unable to verify the Docker daemon is listening: $why"
done
)sh",
                  fmt::arg("port", port), fmt::arg("has_failed", services.has_failed),
                  fmt::arg("limit", limit.count()), fmt::arg("journal", services.journal));
  return {.name = "waiting for the engine", .code = code, .limit = limit + seconds(30)};
}

void wait_for_cloud_init(Provisioning& work) {
  if (work.facts.cloud_init != CloudInit::running) return;
  work.task.progress("Waiting for cloud-init on the machine");
  work.script.add({"waiting for cloud-init", std::string(cloud_init_code), minutes(11)});
  work.look_again();
}

void set_hostname(Provisioning& work) {
  const auto name = hostname_for(work.request.machine_name);
  const auto variables =
      fmt::format("name={}\npattern={}\n", shell_quote(name), shell_quote(replace_all(name, ".", "[.]")));
  work.script.add({"setting the hostname", variables + std::string(hostname_code), seconds(15)});
}

void write_certificates(Provisioning& work) {
  const auto certificates = work.request.certificates();
  work.task.info("Copying certs to the remote machine...");
  work.script.add(certificates_part(work.distribution.paths.certificates, certificates));
}

void set_boot2docker_hostname(Provisioning& work) {
  set_hostname(work);
  work.script.add({"keeping the hostname",
                   "mkdir -p /var/lib/boot2docker/etc && printf '%s\\n' \"$name\" "
                   ">/var/lib/boot2docker/etc/hostname\n",
                   seconds(15)});
}

void set_rancheros_hostname(Provisioning& work) {
  set_hostname(work);
  const std::string folder = "/var/lib/rancher/conf/cloud-config.d";
  work.script.add(
      {"keeping the hostname",
       make_folder_code(folder) + fmt::format("printf '#cloud-config\\n\\nhostname: %s\\n' \"$name\" "
                                              ">{}/machine-hostname.yml\n",
                                              folder),
       seconds(15)});
}

void write_systemd_options(Provisioning& work) { write_options(work, systemd_engine_unit); }

void write_shell_options(Provisioning& work) {
  const auto reader = work.distribution.services == &openrc ? WordReader::evaluates : WordReader::splits;
  write_options(work, [reader](const auto& command, const auto& environment) {
    return shell_engine_options(command, environment, reader);
  });
}

void write_boot2docker_options(Provisioning& work) { write_options(work, boot2docker_profile); }

std::vector<ScriptPart> restart_parts(const ServiceManager& services, int port) {
  const std::string code = fmt::format(R"sh(why=$({{ {}; }} 2>&1) || {{
  {}
  why=$(printf '%s\n' "$why" | head -n 1)
  fail "Unable to verify the Docker daemon is listening: ${{why:-the engine did not start in time}}"
}}
)sh",
                                       services.restart, services.journal);
  return {{"restarting the engine", code, seconds(170)}, listening_part(services, port, listening_limit)};
}

void restart_engine(Provisioning& work) {
  const auto& services = *work.distribution.services;
  const bool gently = work.request.containers != Containers::may_stop,
             on_trial = work.request.former.has_value();
  auto [before, after] = gentle_restart(work.facts, work.request.containers, consent_of(work.request));
  if (gently) work.script.add(std::move(before));
  if (on_trial) work.script.add(engine_trial(services, gently ? after.code : ":"));
  for (auto& part : restart_parts(services, work.request.engine_port)) work.script.add(std::move(part));
  const std::string enable =
      fmt::format("{{ {}; }} || warn \"The engine could not be set to start when the machine boots.\"\n",
                  services.enable);
  if (on_trial) work.script.add(end_of_engine_trial());
  work.script.add({"enabling the engine", enable, seconds(30)});
  if (gently) work.script.add(std::move(after));
  work.send();
}

}  // namespace dm
