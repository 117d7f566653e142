# Completion of docker-machine for fish: source it, or put it as docker-machine.fish into a folder of completions.

function __docker_machine_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program docker-machine
    string match -q '*/*' -- $words[1]; and test -x "$words[1]"; and set program $words[1]
    set -l wrapped ''
    set -q DOCKER_MACHINE_WRAPPED; and set wrapped $DOCKER_MACHINE_WRAPPED
    set -l lines (env DOCKER_MACHINE_WRAPPED=$wrapped $program __complete $words[2..-1] "$current" 2>/dev/null)
    or return
    set -l directive (string replace : '' -- $lines[-1])
    test (count $lines) -gt 1; and printf '%s\n' $lines[1..-2]
    if test (math "bitand($directive, 4)") -eq 0
        set -l before (string match -r -- '^-[^=]*=' $current)
        for path in (__fish_complete_path (string replace -- "$before" '' $current))
            printf '%s%s\n' "$before" $path
        end
    end
end

complete -c docker-machine -e
complete -c docker-machine -f -a '(__docker_machine_complete)'
