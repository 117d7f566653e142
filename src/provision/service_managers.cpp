// How services run: one value for each service manager.
#include "provision/distribution.h"

namespace dm {

// reset-failed, since many restarts within a minute would run into the unit's start limit. The engine's unit
// has no limit for starting: a hanging start has to be ended by us.
const ServiceManager systemd{
    .name = "systemd",
    .restart =
        "limited 30 systemctl daemon-reload && "
        "{ systemctl reset-failed docker.service docker.socket 2>/dev/null || :; } && "
        "limited 120 systemctl -f restart docker",
    .enable = "systemctl is-enabled --quiet docker 2>/dev/null || systemctl -f enable docker",
    .has_failed = "systemctl is-failed --quiet docker",
    .journal = "limited 20 journalctl --unit=docker --lines=20 --no-pager --output=cat",
    // Drop-ins apply in the order of their names: one after ours (e.g. override.conf) would silently win.
    .check_files =
        R"sh(for file in $(systemctl show --property=DropInPaths docker | sed 's/^DropInPaths=//'); do
  last=$(printf '%s\n' "${file##*/}" "${options_file##*/}" | sort | tail -n 1)
  if [ "$last" != "${options_file##*/}" ] && grep -q '^ExecStart=' "$file" 2>/dev/null; then
    fail "The file $file on the machine overrides the engine's options: remove its lines ExecStart=," \
      "and give what they set with --engine-opt"
  fi
done
)sh",
};

const ServiceManager openrc{
    .name = "openrc",
    .restart = "limited 120 rc-service docker restart",
    .enable = "rc-update add docker default",
    .has_failed = "rc-service docker status 2>&1 | grep -Eq 'crashed|stopped'",
    .journal = "tail -n 20 /var/log/docker.log 2>/dev/null",
};

const ServiceManager upstart{
    .name = "upstart",
    .restart = "{ limited 60 service docker stop || :; } && limited 120 service docker start",
    .enable = ":",  // its job starts at boot by itself
    .has_failed = "service docker status 2>&1 | grep -q stop/waiting",
    .journal = "tail -n 20 /var/log/upstart/docker.log 2>/dev/null",
};

const ServiceManager boot2docker_init{
    .name = "boot2docker",
    .restart = "limited 120 /etc/init.d/docker restart",
    .enable = ":",
    .has_failed = "false",
    .journal = "tail -n 20 /var/lib/boot2docker/docker.log /var/log/docker.log 2>/dev/null",
};

const ServiceManager system_docker{
    .name = "system-docker",
    .restart = "limited 120 system-docker restart docker",
    .enable = ":",
    .has_failed = "false",
    .journal = "limited 20 system-docker logs --tail 20 docker",
};

}  // namespace dm
