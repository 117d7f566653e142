"""Completion, `use` and the prompt in the real bash, zsh and fish, and the answers that their scripts ask for."""

import re
import shlex
import shutil
import subprocess

import pytest

import cli
from store import add_machine, refusing_url

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(scope="session")
def folder_of_program(binary, tmp_path_factory):
    """A folder for PATH in which the program has its name."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "docker-machine").symlink_to(binary)
    return folder


@pytest.fixture
def machines(docker_machine, folder_of_program):
    """The program, found by PATH, with the machines dev, web-1 and web-2."""
    for name in ("dev", "web-1", "web-2"):
        add_machine(docker_machine.store, name, refusing_url())
    docker_machine.environment["PATH"] = f"{folder_of_program}:{docker_machine.environment['PATH']}"
    return docker_machine


def answers(program, *words):
    """What `__complete` offers: the candidates without their meanings, and the directive."""
    *lines, directive = program("__complete", *words).splitlines()
    return [line.split("\t")[0] for line in lines], directive


@pytest.mark.parametrize("words, expected", [
    (["sta"], ["start", "status"]),
    (["__"], []),
    (["--storage"], ["--storage-path"]),
    (["start", ""], ["dev", "web-1", "web-2"]),
    (["start", "web-1", "w"], ["web-2"]),
    (["url", "dev", ""], []),
    (["ls", ""], []),
    (["create", "-d", ""], ["amazonec2", "digitalocean", "generic", "none", "qemu"]),
    (["create", "--driver=n"], ["--driver=none"]),
    (["create", "-d", "none", "--ur"], ["--url"]),
    (["create", "-d", "qemu", "--ur"], []),
    (["create", "-d", "nosuch", "--engine-e"], ["--engine-env"]),
    (["create", "--swarm-m", ], ["--swarm-master"]),
    (["create", "--swarm-master", "--swarm-m"], []),
    (["ls", "--filter", ""], ["driver=", "label=", "name=", "state=", "swarm="]),
    (["ls", "--filter", "state=S"], ["state=Saved", "state=Stopped", "state=Stopping", "state=Starting"]),
    (["ls", "--filter=driver=q"], ["--filter=driver=qemu"]),
    (["ls", "--filter", "name=w"], ["name=web-1", "name=web-2"]),
    (["env", "--shell", "f"], ["fish"]),
    (["env", "--shell", "fish", "d"], ["dev"]),
    (["env", "--no"], ["--no-proxy"]),
    (["scp", "w"], ["web-1:", "web-2:"]),
    (["ssh", "dev", ""], []),
    (["help", "regen"], ["regenerate-certs"]),
    (["completion", ""], ["bash", "fish", "zsh"]),
    (["use", "d"], ["dev"]),
    (["nosuch", ""], []),
])
def test_candidates(machines, words, expected):
    assert answers(machines, *words)[0] == expected


def test_candidates_of_another_store(machines, tmp_path):
    add_machine(machines.home / "other", "elsewhere", refusing_url())
    assert answers(machines, "-s", str(machines.home / "other"), "url", "")[0] == ["elsewhere"]
    assert answers(machines, "--storage-path=~/other", "url", "")[0] == ["elsewhere"]
    assert answers(machines, "-s", "/nonexistent", "url", "") == ([], ":4")


def test_hidden_command_is_hidden(machines):
    assert "__complete" not in machines("help")
    assert machines("__completeNoDesc", "stat") == "status\n:4\n"


def test_scripts_are_printed(machines):
    for shell in SHELLS:
        assert machines("completion", shell) == (cli.REPOSITORY / f"contrib/shell/completion.{shell}").read_text()
        assert machines("shell-init", environment={"SHELL": f"/bin/{shell}"}) == (
            cli.REPOSITORY / f"contrib/shell/init.{shell}").read_text()
    result = machines.run("completion", "tcsh")
    assert result.code == 1 and "one of bash, zsh, fish" in result.err


def run_shell(machines, shell, script, environment=None, error=""):
    path = shutil.which(shell) or pytest.fail(f"{shell} is missing: apt-get install {shell}", pytrace=False)
    options = {"bash": ["--norc", "--noprofile", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    done = subprocess.run([path, *options, script], cwd=machines.home, capture_output=True, text=True, timeout=60,
                          env={**machines.environment, **(environment or {})}, check=False)
    assert done.returncode == 0 and error in done.stderr and bool(error) == bool(done.stderr), f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("line, shown", [
    ("docker-machine sto", "docker-machine stop "),
    ("docker-machine url de", "docker-machine url dev "),
    ("docker-machine create --driver=no", "docker-machine create --driver=none "),
    ("docker-machine ls --filter sw", "docker-machine ls --filter swarm="),
    ("docker-machine ls --filter state=Pau", "docker-machine ls --filter state=Paused "),
    ("docker-machine scp d", "docker-machine scp dev:"),
    ("docker-machine scp note", "docker-machine scp notes.txt"),
])
@pytest.mark.parametrize("shell", SHELLS)
def test_tab_on_a_terminal(machines, shell, line, shown):
    (machines.home / "notes.txt").touch()
    check_tab(machines, shell, line, shown)


@pytest.mark.parametrize("line, shown", [
    ("docker-machine -s 'my store' url web.e", "docker-machine -s 'my store' url web.example.com "),
    (r"docker-machine --storage-path=my\ store url web.example.", "docker-machine --storage-path='my store' url web.example.com "),
    ('docker-machine -s "my store" ls --filter name=web.', "docker-machine -s 'my store' ls --filter name=web.example.com "),
    ("docker-machine -s 'my store' scp web.e", "docker-machine -s 'my store' scp web.example.com:"),
])
@pytest.mark.parametrize("shell", SHELLS)
def test_names_with_dots_in_a_store_with_a_blank(machines, shell, line, shown):
    add_machine(machines.home / "my store", "web.example.com", refusing_url())
    check_tab(machines, shell, line, shown)


def check_tab(machines, shell, line, shown):
    """Types a line and a tab on a terminal, and looks at the words of the command that is run then."""
    spy = machines.home / "bin" / "docker-machine"
    spy.parent.mkdir()
    spy.write_text(f"""#!/bin/sh
case $1 in __complete*|completion) exec {machines.binary} "$@" ;; esac
printf 'words:'; printf '<%s>' "$@"; echo
""")
    spy.chmod(0o755)
    environment = {**machines.environment, "PATH": f"{spy.parent}:{machines.environment['PATH']}", "TERM": "dumb", "PS1": "ready> "}
    argv = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--no-config", "-i"]}[shell]
    load = {"bash": 'source <(docker-machine completion bash); bind "set bell-style none"', "fish": "docker-machine completion fish | source",
            "zsh": "autoload -U compinit; compinit -D; source <(docker-machine completion zsh)"}[shell]
    with cli.Terminal(argv, environment, machines.home, 24, 200) as terminal:
        terminal.send(f"{load}; echo loa''ded\r")
        terminal.expect("loaded")
        # Between brackets, one sees whether a blank was put behind the word.
        terminal.send(f"{line}\t")
        terminal.send("END\r")
        words = shlex.split(shown + "END")[1:]
        expected = re.escape("words:" + "".join(f"<{word}>" for word in words))
        terminal.expect(expected.replace("END", "(><)?END") if "notes" in shown else expected, 20)


def test_many_machines_are_no_wait(machines):
    """Nobody waits for a tab: no record is read and nobody is asked, however many there are."""
    for number in range(500):
        folder = machines.store / "machines" / f"many-{number:03}"
        folder.mkdir()
        (folder / "config.json").write_text("no JSON")
    first = [f"many-{number:03}" for number in range(500)]
    assert answers(machines, "url", "many")[0] == first
    machines.environment["MACHINE_STORAGE_PATH"] = str(machines.store)
    traced = subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat,connect,execve", machines.binary, "__complete", "url", "many"],
                            capture_output=True, text=True, env=machines.environment, timeout=60, check=True).stderr
    assert "config.json" not in traced and "connect(" not in traced and traced.count("execve(") == 1


def test_bash_completes_names_with_odd_characters(machines):
    add_machine(machines.store, "odd one", refusing_url())
    script = """source <(docker-machine completion bash)
COMP_LINE='docker-machine url odd' COMP_POINT=22 COMP_CWORD=2 COMP_WORDS=(docker-machine url odd)
_docker_machine; printf '%s\\n' "${COMPREPLY[@]}"
set -u; COMP_LINE='docker-machine ' COMP_POINT=15 COMP_CWORD=1 COMP_WORDS=(docker-machine '')
_docker_machine; echo "${#COMPREPLY[@]}" """
    first, count = run_shell(machines, "bash", script).splitlines()
    assert first == r"odd\ one" and int(count) == len(answers(machines, "")[0])


def test_fish_completes(machines):
    script = "docker-machine completion fish | source; complete -C 'docker-machine env --shell p'"
    assert run_shell(machines, "fish", script).split()[0] == "powershell"


@pytest.fixture
def connectable(machines, make_engine):
    """The program with the machine dev, whose engine answers, in a store with an awkward name."""
    store = machines.home / "a 'b' $c"
    shutil.copytree(machines.store / "certs", store / "certs")
    engine = make_engine(store)
    add_machine(store, "dev", engine.url)
    for file in ("ca.pem", "cert.pem", "key.pem"):
        shutil.copy(store / "certs" / file, store / "machines" / "dev")
    machines.environment["MACHINE_STORAGE_PATH"] = str(store)
    return machines, engine, store


USE = {
    "bash": """set -u; shopt -s expand_aliases; alias docker-machine='echo alias' eval='echo alias' local='echo alias'
eval "$(command docker-machine shell-init bash)" || true
unalias -a
eval "$(command docker-machine shell-init bash)"
unset DOCKER_MACHINE_NAME
docker-machine use dev; printf '%s\\n' "$DOCKER_HOST" "$DOCKER_CERT_PATH"; __docker_machine_ps1; __docker_machine_ps1 '(%s)\\n'
docker-machine use nosuch 2>/dev/null && echo wrong; echo "$DOCKER_MACHINE_NAME"
docker-machine use -u; echo "${DOCKER_HOST-none}"; __docker_machine_ps1
docker-machine url dev""",
    "zsh": """set -u
eval "$(command docker-machine shell-init zsh)"
docker-machine use dev; printf '%s\\n' "$DOCKER_HOST" "$DOCKER_CERT_PATH"; __docker_machine_ps1; __docker_machine_ps1 '(%s)\\n'
docker-machine use nosuch 2>/dev/null && echo wrong; echo "$DOCKER_MACHINE_NAME"
docker-machine use -u; echo "${DOCKER_HOST-none}"; __docker_machine_ps1
docker-machine url dev""",
    "fish": """command docker-machine shell-init fish | source
docker-machine use dev; printf '%s\\n' "$DOCKER_HOST" "$DOCKER_CERT_PATH"; __docker_machine_ps1; __docker_machine_ps1 '(%s)\\n'
docker-machine use nosuch; and echo wrong; echo "$DOCKER_MACHINE_NAME"
docker-machine use --unset; set -q DOCKER_HOST; or echo none; __docker_machine_ps1
docker-machine url dev""",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_use_and_prompt(connectable, shell):
    machines, engine, store = connectable
    # fish shows what a command substitution within a function says, whatever the function's error stream is.
    out = run_shell(machines, shell, USE[shell], error='machine "nosuch" does not exist' if shell == "fish" else "")
    expected = ["Active machine: dev", engine.url, f"{store}/machines/dev", " [dev](dev)", "dev", "No active machine", "none", engine.url]
    assert out.splitlines()[-len(expected):] == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_prompt_shows_any_name(machines, shell):
    load = "docker-machine shell-init fish | source" if shell == "fish" else f'eval "$(docker-machine shell-init {shell})"'
    odd = "a 'b' $(c) \\d 5%"
    out = run_shell(machines, shell, f"{load}; __docker_machine_ps1", {"DOCKER_MACHINE_NAME": odd})
    assert out == f" [{odd.replace('%', '%%') if shell == 'zsh' else odd}]"
