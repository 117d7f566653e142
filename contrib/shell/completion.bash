# Completion of docker-machine for bash: source it, or put it where bash-completion looks.
# shellcheck shell=bash

_docker_machine() {
  # bash cuts words at "=" and ":" too. What has no blank in between belongs together.
  local words=() word rest line=${COMP_LINE:0:COMP_POINT} i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:blank:]]*}"}
    word=${COMP_WORDS[i]-}
    # Of the last one, what stands before the cursor.
    ((i < COMP_CWORD)) || word=$rest
    if ((i == 0)) || [[ $rest != "$line" ]]; then words+=("$word"); else words[${#words[@]}-1]+=$word; fi
    line=${rest#"$word"}
  done

  local last=$((${#words[@]} - 1))
  # What was typed may be quoted so far; what is asked for is the plain text.
  for ((i = 1; i <= last; i++)); do
    word=${words[i]}
    word=${word//\\/}
    word=${word//\'/}
    words[i]=${word//\"/}
  done
  local current=${words[last]} program=${words[0]} answer
  [[ $program == */* && -x $program ]] || program=docker-machine
  answer=$(DOCKER_MACHINE_WRAPPED=${DOCKER_MACHINE_WRAPPED-} command "$program" __completeNoDesc "${words[@]:1}" 2>/dev/null) || return 0

  local directive=${answer##*:} cut='' candidate quoted
  # readline replaces only what follows the last of these.
  [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && cut=${current%"${current##*=}"}
  [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && cut=${current%"${current##*:}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    [[ $candidate == :* ]] && continue
    candidate=${candidate#"$cut"}
    printf -v quoted %q "$candidate"
    COMPREPLY+=("$quoted")
  done <<<"$answer"
  if type compopt >/dev/null 2>&1; then
    ((directive & 2)) && compopt -o nospace
    ((directive & 4)) || compopt -o filenames -o default
  fi
  if ! ((directive & 4)); then
    while IFS= read -r candidate; do
      [[ -n $candidate ]] && COMPREPLY+=("$candidate")
    done < <(compgen -f -- "${current#"$cut"}")
  fi
  return 0
}

complete -F _docker_machine docker-machine
