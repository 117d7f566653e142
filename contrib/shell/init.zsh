# `docker-machine use NAME`, and a prompt that shows the active machine, for zsh.
# In ~/.zshrc: eval "$(docker-machine shell-init zsh)"

# With the word "function", an alias of the same name does no harm.
function docker-machine {
  if [[ ${1-} != use ]]; then
    command docker-machine "$@"
    return
  fi
  shift
  if (( ${@[(Ie)-h]} || ${@[(Ie)-help]} || ${@[(Ie)--help]} )); then
    command docker-machine env --help
    return
  fi
  local lines
  lines=$(command docker-machine env --shell zsh "$@") || return
  builtin eval "$lines" || return
  if [[ -n ${DOCKER_MACHINE_NAME-} ]]; then
    builtin printf 'Active machine: %s\n' "$DOCKER_MACHINE_NAME"
  else
    builtin printf 'No active machine\n'
  fi
}

# Completion offers "use" where this is set.
DOCKER_MACHINE_WRAPPED=true

# For PROMPT, with setopt prompt_subst: '%~$(__docker_machine_ps1)%# '. The first argument says how to show it:
# " [%s]" if there is none.
function __docker_machine_ps1 {
  [[ -n ${DOCKER_MACHINE_NAME-} ]] || return 0
  # The prompt would take a percent sign for one of its own.
  builtin printf -- "${1- [%s]}" "${DOCKER_MACHINE_NAME//\%/%%}"
}
