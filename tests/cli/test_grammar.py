"""Words and flags: version, help, wrong lines, and what of them programs read."""

import re

import pytest

from store import add_machine, refusing_url

#: The original's order.
COMMANDS = ["active", "config", "create", "env", "inspect", "ip", "kill", "ls", "provision", "regenerate-certs", "restart", "rm",
            "ssh", "scp", "mount", "start", "status", "stop", "upgrade", "url", "version", "help"]


def refused(docker_machine, *arguments, **more):
    result = docker_machine.run(*arguments, **more)
    assert result.code == 1, str(result)
    return result


@pytest.mark.parametrize("words", [["version"], ["--version"], ["-version"], ["-v"], ["--v"], ["--version", "ls"],
                                   ["-v", "nonsense"]])
def test_version(bare, words):
    result = bare.run(*words)
    assert result.code == 0 and result.err == ""
    assert re.fullmatch(r"docker-machine version \d+\.\d+\.\d+\S*, build \w+\n", result.out)


def test_nothing_is_written_by_looking(bare):
    for words in (["version"], ["ls"], ["ls", "-q"], ["help"], ["active"], ["url", "x"], ["inspect", "x"], ["rm", "-y", "x"],
                  ["env", "-u"], ["create", "-d", "none", "x"], ["create", "-d", "none", "bad_name"]):
        bare.run(*words)
    assert list(bare.home.iterdir()) == []


@pytest.mark.parametrize("words", [[], ["help"], ["h"], ["--help"], ["-h"], ["-help"], [""], ["", "x"],
                                   ["--help", "ls", "-q"], ["-h", "bogus", "x"]])
def test_help_of_the_program(bare, words):
    result = bare.run(*words)
    assert result.code == 0 and result.err == ""
    version = bare("version").removeprefix("docker-machine version ").rstrip("\n")
    lines = result.out.splitlines()
    assert lines[0] == "Usage: docker-machine [OPTIONS] COMMAND [arg...]"
    assert f"Version: {version}" in lines
    assert "  Docker Machine Contributors - <https://github.com/docker/machine>" in lines
    assert lines[-1] == "Run 'docker-machine COMMAND --help' for more information on a command."
    options = [re.split("[, \t]", line.strip())[0] for line in
               lines[lines.index("Options:") + 1:lines.index("Commands:")] if line.strip()]
    assert options[:9] == ["--debug", "--storage-path", "--tls-ca-cert", "--tls-ca-key", "--tls-client-cert",
                           "--tls-client-key", "--github-api-token", "--native-ssh", "--bugsnag-api-token"]
    assert {"--help", "--version"} <= set(options)
    shown = [line.split("\t")[0].strip(" ,") for line in lines[lines.index("Commands:") + 1:-1] if line.strip()]
    shown = [name.split(",")[0] for name in shown]
    assert [command for command in shown if command in COMMANDS] == COMMANDS
    assert f'--storage-path, -s "{bare.store}"\t' in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(bare, command):
    shown = bare("help", command)
    assert re.match(rf"Usage: docker-machine {command} (\[OPTIONS\] )?\[arg\.\.\.\]\n\n\S.*\n", shown)
    assert ("[OPTIONS]" in shown) == ("\nOptions:\n" in shown)
    assert bare("h", command) == shown
    for flag in ("--help", "-h", "-help"):
        result = bare.run(command, flag)
        assert result.code == 0 and result.err == ""
        if command != "create":  # has the driver's flags besides
            assert result.out == shown
        assert "\x1b" not in result.out and "\r" not in result.out


def test_help_of_create_has_the_flags_of_its_driver(bare):
    def flags(*words):
        lines = bare("create", *words, "--help").splitlines()
        lines = lines[lines.index("Options:") + 1:]
        return [re.split("[, \t]", line.strip())[0] for line in lines if line.startswith("   --")]

    assert "--url" in flags("-d", "none") and "--generic-ip-address" not in flags("-d", "none")
    generic = flags("--driver=generic")
    assert {"--generic-ip-address", "--generic-ssh-key", "--generic-ssh-port", "--generic-ssh-user",
            "--generic-engine-port"} <= set(generic)
    assert generic == sorted(generic)
    assert {"--qemu-image", "--qemu-memory", "--qemu-open-port"} <= set(flags()), "qemu is the driver if none is named"
    assert "--url" not in bare("help", "create")


def test_default_driver_can_come_from_the_environment(bare):
    assert "--url" in bare("create", "--help", environment={"MACHINE_DRIVER": "none"})


@pytest.mark.parametrize("words", [["bogus"], ["help", "bogus"], ["lss"]])
def test_unknown_command(bare, words):
    result = refused(bare, *words)
    assert result.err == f"docker-machine: '{words[-1]}' is not a docker-machine command. See '{bare.binary} --help'.\n"
    assert result.out == ""


@pytest.mark.parametrize("words, message", [
    (["ls", "--nope"], "flag provided but not defined: -nope"),
    (["ls", "-nope=1"], "flag provided but not defined: -nope"),
    (["ls", "-qt", "3"], "flag provided but not defined: -qt"),
    (["ls", "--filter"], "flag needs an argument: -filter"),
    (["ls", "--timeout", "abc"], 'invalid value "abc" for flag -timeout: parse error'),
    (["ls", "-q=foo"], 'invalid boolean value "foo" for -q: parse error'),
    (["ls", "---q"], "bad flag syntax: ---q"),
    (["ls", "-=q"], "bad flag syntax: -=q"),
    (["status", "x", "--debug"], "flag provided but not defined: -debug"),
    (["rm", "x", "--yes"], "flag provided but not defined: -yes"),
    (["create", "-d", "none", "--nope", "x"], "flag provided but not defined: -nope"),
    (["create", "-d", "none", "--generic-ip-address", "1.2.3.4", "x"],
     "flag provided but not defined: -generic-ip-address"),
])
def test_wrong_flags_of_a_command(bare, words, message):
    result = refused(bare, *words)
    assert result.err == message + "\n"
    assert result.out.startswith(f"Incorrect Usage.\n\nUsage: docker-machine {words[0]} ")


def test_contexts_are_removed_by_name(bare):
    """A list of all contexts is no answer to --rm."""
    for more in ([], ["--never"]):
        assert refused(bare, "context", "--rm", *more).err == "--rm: name the machines whose contexts are to go, or say --all\n"


@pytest.mark.parametrize("words, message", [
    (["ls", "-t", "3", "--timeout", "4"], "Cannot use two forms of the same flag: t timeout"),
    (["create", "-d", "none", "--driver", "none", "x"], "Cannot use two forms of the same flag: d driver"),
])
def test_two_forms_of_a_flag(bare, words, message):
    result = refused(bare, *words)
    assert result.err == message + "\n"
    assert result.out.startswith(f"{message}\n\nUsage: docker-machine {words[0]} ")


@pytest.mark.parametrize("words, message, head", [
    (["--nope", "ls"], "flag provided but not defined: -nope", "Incorrect Usage.\n\n"),
    (["-nope=1"], "flag provided but not defined: -nope", "Incorrect Usage.\n\n"),
    (["---debug", "ls"], "bad flag syntax: ---debug", "Incorrect Usage.\n\n"),
    (["--storage-path"], "flag needs an argument: -storage-path", "Incorrect Usage.\n\n"),
    (["--native-ssh=maybe", "ls"], 'invalid boolean value "maybe" for -native-ssh: parse error', "Incorrect Usage.\n\n"),
    (["-s", "a", "--storage-path", "b", "ls"], "Cannot use two forms of the same flag: s storage-path",
     "Cannot use two forms of the same flag: s storage-path\n"),
    (["-D", "--debug", "ls"], "Cannot use two forms of the same flag: D debug", "Cannot use two forms of the same flag: D debug\n"),
])
def test_wrong_global_flags(bare, words, message, head):
    result = refused(bare, *words)
    assert result.err == message + "\n"
    assert result.out.startswith(head + "Usage: docker-machine [OPTIONS] COMMAND [arg...]\n")


def test_flags_may_follow_the_names(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    add_machine(docker_machine.store, "b", refusing_url())
    path = str(docker_machine.store / "machines" / "a")
    assert docker_machine("inspect", "a", "-f", "{{.HostOptions.AuthOptions.StorePath}}") == path + "\n"
    assert docker_machine("ls", "whatever", "-q") == "a\nb\n"
    assert "Successfully removed a" in docker_machine("rm", "a", "-y")
    assert "Successfully removed b" in docker_machine("rm", "b", "-y=true")


def test_words_keep_their_order_around_flags(docker_machine):
    for name in "abc":
        add_machine(docker_machine.store, name, refusing_url())
    shown = docker_machine("rm", "c", "-f", "a", "-f", "b")
    assert shown.splitlines()[0] == "About to remove c, a, b"


def test_dashes_end_the_flags(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    assert docker_machine("--", "ls", "-q") == "a\n"
    result = docker_machine.run("rm", "-y", "a", "--", "-f")
    assert result.code == 1
    assert result.out.splitlines()[0] == "About to remove a, -f"
    assert "Successfully removed a\n" in result.out
    assert 'Error removing host "-f": Docker machine "-f" does not exist.' in result.err


@pytest.mark.parametrize("flag, quiet", [("-q", True), ("--q", True), ("-quiet", True), ("--quiet=1", True), ("-q=T", True),
                                         ("-q=false", False), ("--quiet=0", False)])
def test_booleans(docker_machine, flag, quiet):
    add_machine(docker_machine.store, "a", refusing_url())
    assert (docker_machine("ls", flag) == "a\n") == quiet


def test_boolean_does_not_eat_the_next_word(docker_machine):
    add_machine(docker_machine.store, "false", refusing_url())
    assert "Successfully removed false" in docker_machine("rm", "-y", "false")


def test_last_value_wins_and_empty_values_count(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    assert docker_machine("inspect", "-f", "{{.Name}}", "-f", "{{.DriverName}}", "a") == "none\n"
    assert docker_machine("inspect", "a", "-f", "{{.Name}}", "-f=").startswith("{\n    \"ConfigVersion\": 3,")
    assert "NAME" in docker_machine("ls", "--format=", "--timeout", "0x2")


def test_lists_add_up_without_splitting(docker_machine):
    docker_machine("create", "-d", "none", "--url", refusing_url(), "--engine-label", "a=1,b=2", "--engine-label", "c=3",
                   "--engine-opt=", "x", "--swarm-strategy=", environment={"ENGINE_REGISTRY_MIRROR": "https://a, https://b"})
    shown = docker_machine("inspect", "x", "-f", "{{json .HostOptions.EngineOptions.Labels}}"
                           "{{json .HostOptions.EngineOptions.ArbitraryFlags}}{{json .HostOptions.SwarmOptions.Strategy}}"
                           "{{json .HostOptions.EngineOptions.RegistryMirror}}")
    assert shown == '["a=1,b=2","c=3"][""]""["https://a","https://b"]\n'


def test_global_flags_that_clients_give(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    assert docker_machine("--bugsnag-api-token=no-report", "--native-ssh", "--github-api-token", "t", "ls", "-q") == "a\n"
    assert docker_machine("ls", "-q", environment={"MACHINE_BUGSNAG_API_TOKEN": "no-report", "MACHINE_NATIVE_SSH": "junk",
                                                   "MACHINE_STORAGE_PATH": ""}) == "a\n"


def test_tokens_are_never_shown(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    words = ["--debug", "--github-api-token", "hush-1", "--bugsnag-api-token=hush-2"]
    for command in (["ls"], ["status", "a"], ["config", "a"], ["create", "-d", "none", "--url", refusing_url(), "b"], ["rm", "-y", "b"]):
        for result in (docker_machine.run(*words, *command),
                       docker_machine.run("--debug", *command, environment={"MACHINE_GITHUB_API_TOKEN": "hush-1",
                                                                            "MACHINE_BUGSNAG_API_TOKEN": "hush-2"})):
            assert result.err.startswith("Docker Machine Version:  ") and "hush" not in result.out + result.err


def test_where_the_store_is(docker_machine, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    add_machine(one, "in-one", refusing_url())
    add_machine(two, "in-two", refusing_url())
    variable = {"MACHINE_STORAGE_PATH": str(one)}
    assert docker_machine("ls", "-q", environment=variable) == "in-one\n"
    assert docker_machine("-s", two, "ls", "-q", environment=variable) == "in-two\n"
    assert docker_machine(f"--storage-path={two}", "ls", "-q") == "in-two\n"


def test_an_empty_storage_path_is_none(docker_machine):
    """And not the root of the file system."""
    add_machine(docker_machine.store, "a", refusing_url())
    for words in (["-s", ""], ["--storage-path="], ["-s="]):
        assert docker_machine(*words, "ls", "-q", environment={"MACHINE_STORAGE_PATH": "/nowhere"}) == "a\n"


def test_the_name_is_that_of_the_file(bare, tmp_path):
    """In what is printed about the program itself; the usage of a command always says docker-machine."""
    other = tmp_path / "dm"
    other.symlink_to(bare.binary)
    bare.binary = other
    assert bare("version").startswith("dm version ")
    assert bare("--help").startswith("Usage: dm [OPTIONS] COMMAND [arg...]\n")
    assert bare("--help").endswith("Run 'dm COMMAND --help' for more information on a command.\n")
    assert bare("ls", "--help").startswith("Usage: docker-machine ls [OPTIONS] [arg...]\n")
    assert bare.run("bogus").err == f"dm: 'bogus' is not a dm command. See '{other} --help'.\n"


def test_the_shown_default_of_the_store(bare):
    """From the environment, but not from the option itself."""
    shown = bare("-s", "/there", "--help", environment={"MACHINE_STORAGE_PATH": "/from/the environment"})
    assert '--storage-path, -s "/from/the environment"\t' in shown
    assert f'--storage-path, -s "{bare.store}"\t' in bare("-s", "/there", "--help")


def tab_columns(lines):
    """Where the second cell of each line begins, with a tab stop every 8 columns."""
    return {len(line[:line.rindex("\t") + 1].expandtabs(8)) for line in lines}


@pytest.mark.parametrize("words", [["--help"], ["ls", "--help"], ["create", "-d", "none", "--help"], ["help", "create"], ["env", "-h"]])
def test_help_is_aligned_with_tabs(bare, words):
    for block in bare(*words).split("Options:\n")[1].split("Commands:\n"):
        lines = [line for line in block.splitlines() if "\t" in line]
        assert lines and all(re.fullmatch(r" {2,3}\S[^\t]*\t+[^\t]+", line) for line in lines)
        assert len(tab_columns(lines)) == 1, "the tabs of a column end at one place"
        widest = max(len(line.split("\t")[0]) for line in lines)
        assert tab_columns(lines) == {(widest // 8 + 1) * 8}


def test_how_flags_are_shown(bare):
    """A boolean bare, a text with a blank or its default, a number with its default, a list twice."""
    shown = bare("create", "-d", "generic", "--help", environment={"GENERIC_SSH_PORT": "99"})
    for part in ("   --swarm\t", "   --engine-storage-driver \t", '   --swarm-strategy "spread"\t', '   --generic-ssh-port "22"\t',
                 "   --tls-san [--tls-san option --tls-san option]\t", '   --driver, -d "qemu"\t', " [$GENERIC_SSH_PORT]\n",
                 "   --generic-ip-address \t"):
        assert part in shown, part
    rows = shown.split("Options:\n   \n")[1].splitlines()
    first = [row.strip("\t ").split("\t")[0] for row in rows]
    assert first == sorted(first)
    ordered = [row.split()[0].rstrip(",") for row in bare("help", "create").split("Options:\n   \n")[1].splitlines()]
    assert ordered[:2] == ["--driver", "--engine-install-url"] and ordered != sorted(ordered)


def test_numbers_and_booleans_of_the_environment(bare):
    """As Go reads them: with the base that the number begins with, and nothing said about what cannot be read."""
    def port(value):
        result = bare.run("create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-key", "/nowhere", "x",
                          environment={"GENERIC_SSH_PORT": value})
        assert result.code in (1, 3), str(result)
        wrong = re.search("between 1 and 65535, not (-?[0-9]+)", result.err)
        return int(wrong[1]) if wrong else None

    assert port("0x1869f") == 99999 and port("0303237") == 99999 and port("-0b11") == -3
    for ignored in ("", "ten", "1.5", "0x", "22"):
        assert port(ignored) is None
    for value in ("maybe", "yes", ""):
        assert bare("ls", "-q", environment={"MACHINE_NATIVE_SSH": value}) == ""


@pytest.mark.parametrize("words", [["--version"], ["version"], ["ls"], [], ["help"], ["env", "-u"], ["create", "--help"], ["bogus"],
                                   ["ls", "--nope"]])
def test_debug_output_begins_with_the_version(bare, words):
    result = bare.run("--debug", *words)
    version = bare("version").removeprefix("docker-machine version ")
    assert result.err.startswith(f"Docker Machine Version:  {version}")


def test_debug(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    first = "Docker Machine Version:  "
    for words, variable, wanted in ((["--debug", "ls", "-q"], None, True), (["-D", "ls", "-q"], None, True),
                                    (["ls", "-q"], "true", True), (["-D", "ls", "-q"], "0", False), (["ls", "-q"], "", False),
                                    (["ssh", "a", "-D", "1080"], None, False)):
        result = docker_machine.run(*words, environment={} if variable is None else {"MACHINE_DEBUG": variable})
        assert result.err.startswith(first) == wanted, str(result)
        assert first not in result.out
    result = refused(docker_machine, "ls", environment={"MACHINE_DEBUG": "foo"})
    assert result.err == ('Error parsing boolean value from MACHINE_DEBUG: strconv.ParseBool: parsing "foo": invalid '
                          "syntax\n")
