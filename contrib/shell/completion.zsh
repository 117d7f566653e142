#compdef docker-machine
# Completion of docker-machine for zsh: source it after compinit, or put it as _docker-machine into a folder of $fpath.

_docker-machine() {
  local program=${(Q)words[1]} line
  local -a lines entries spacing
  [[ $program == */* && -x $program ]] || program=docker-machine
  lines=("${(@f)$(DOCKER_MACHINE_WRAPPED=${DOCKER_MACHINE_WRAPPED-} command $program __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  local -i directive=${lines[-1]#:}
  lines[-1]=()
  for line in $lines; do
    # _describe takes "TEXT:MEANING".
    local text=${line%%$'\t'*}
    if [[ $line == *$'\t'* ]]; then
      entries+=("${${text//\\/\\\\}//:/\\:}:${line#*$'\t'}")
    else
      entries+=("${${text//\\/\\\\}//:/\\:}")
    fi
  done
  (( directive & 2 )) && spacing=(-S '')
  local -i found=1
  (( $#entries )) && _describe -t values 'docker-machine' entries "${spacing[@]}" && found=0
  if ! (( directive & 4 )); then
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    _files && found=0
  fi
  return found
}

if [[ ${funcstack[1]-} == _docker-machine ]]; then
  _docker-machine "$@"
else
  compdef _docker-machine docker-machine
fi
