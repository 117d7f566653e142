# `docker-machine use NAME`, and a prompt that shows the active machine, for fish.
# In ~/.config/fish/config.fish: docker-machine shell-init fish | source

function docker-machine --description 'Create and manage machines running Docker'
    if test "$argv[1]" != use
        command docker-machine $argv
        return
    end
    set -e argv[1]
    if contains -- -h $argv; or contains -- -help $argv; or contains -- --help $argv
        command docker-machine env --help
        return
    end
    set -l lines (command docker-machine env --shell fish $argv)
    or return
    printf '%s\n' $lines | source
    or return
    if test -n "$DOCKER_MACHINE_NAME"
        printf 'Active machine: %s\n' "$DOCKER_MACHINE_NAME"
    else
        printf 'No active machine\n'
    end
end

# Completion offers "use" where this is set.
set -g DOCKER_MACHINE_WRAPPED true

# For fish_prompt: __docker_machine_ps1. The first argument says how to show it: " [%s]" if there is none.
function __docker_machine_ps1 --description 'Show the active machine'
    test -n "$DOCKER_MACHINE_NAME"
    or return 0
    set -l format ' [%s]'
    set -q argv[1]
    and set format $argv[1]
    printf "$format" "$DOCKER_MACHINE_NAME"
end
