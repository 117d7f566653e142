// The table of commands: one row each, in the order of the help.
#include "commands/command.h"

#include <algorithm>
#include <array>

namespace dm {

extern const Command access_command, active_command, adopt_command, backup_command, certs_command,
    config_command, context_command, create_command, doctor_command, env_command, export_command,
    import_command, inspect_command, ip_command, kill_command, ls_command, modify_command, orphans_command,
    provision_command, regenerate_certs_command, rename_command, restart_command, restore_command, rm_command,
    run_on_command, ssh_command, ssh_config_command, scp_command, mount_command, start_command,
    status_command, stop_command, upgrade_command, url_command, version_command, completion_command,
    shell_init_command, help_command, complete_command, complete_tersely_command;

std::span<const Command* const> all_commands() {
  static const std::array rows{
      &access_command,     &active_command,  &adopt_command,      &backup_command,
      &certs_command,      &config_command,  &context_command,    &create_command,
      &doctor_command,     &env_command,     &export_command,     &import_command,
      &inspect_command,    &ip_command,      &kill_command,       &ls_command,
      &modify_command,     &orphans_command, &provision_command,  &regenerate_certs_command,
      &rename_command,     &restart_command, &restore_command,    &rm_command,
      &run_on_command,     &ssh_command,     &ssh_config_command, &scp_command,
      &mount_command,      &start_command,   &status_command,     &stop_command,
      &upgrade_command,    &url_command,     &version_command,    &completion_command,
      &shell_init_command, &help_command,    &complete_command,   &complete_tersely_command};
  return rows;
}

const Command* find_command(std::string_view name) {
  const auto rows = all_commands();
  const auto found = std::ranges::find_if(rows, [&](const Command* row) {
    return row->syntax.name == name ||
           std::ranges::find(row->syntax.aliases, name) != row->syntax.aliases.end();
  });
  return found == rows.end() ? nullptr : *found;
}

}  // namespace dm
