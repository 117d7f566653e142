# `docker-machine use NAME`, and a prompt that shows the active machine, for bash.
# In ~/.bashrc: eval "$(docker-machine shell-init bash)"
# shellcheck shell=bash

# With the word "function", an alias of the same name does no harm.
function docker-machine {
  if [ "${1-}" != use ]; then
    command docker-machine "$@"
    return
  fi
  shift
  local lines IFS=$' \t\n'
  case " $* " in
    *' -h '* | *' -help '* | *' --help '*)
      command docker-machine env --help
      return
      ;;
  esac
  lines=$(command docker-machine env --shell bash "$@") || return
  builtin eval "$lines" || return
  if [ -n "${DOCKER_MACHINE_NAME-}" ]; then
    builtin printf 'Active machine: %s\n' "$DOCKER_MACHINE_NAME"
  else
    builtin printf 'No active machine\n'
  fi
}

# Completion offers "use" where this is set.
# shellcheck disable=SC2034
DOCKER_MACHINE_WRAPPED=true

# For PS1: '\w$(__docker_machine_ps1)\$ '. The first argument says how to show it: " [%s]" if there is none.
function __docker_machine_ps1 {
  [ -n "${DOCKER_MACHINE_NAME-}" ] || return 0
  # shellcheck disable=SC2059
  builtin printf "${1- [%s]}" "$DOCKER_MACHINE_NAME"
}
