"""The original's own store, and its outputs byte by byte."""

import json
import os
import shutil
import subprocess

import pytest

from servers import ENGINE_VERSION
from store import (add_machine, config_file, config_of, recorded, refusing_url, rows_of, use_recorded_store)

SHELLS = ["bash", "fish", "tcsh", "powershell", "cmd", "emacs"]


@pytest.fixture
def original(bare):
    """The program on the recorded store, which was mounted elsewhere when it was written."""
    use_recorded_store(bare.store)
    return bare


def snapshot(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name, recording", [("web-1", "inspect-none.json"), ("gen-1", "inspect-generic.json")])
def test_inspect(original, name, recording):
    result = original.run("inspect", name)
    assert result.code == 0 and result.err == ""
    assert result.out == recorded(recording, original.store)
    # And where every path is right as it stands:
    file = config_file(original.store, name)
    file.write_text(recorded(f"store-v3/machines/{name}/config.json", original.store))
    assert original("inspect", name) == recorded(recording, original.store)


def test_what_is_known_without_asking(original):
    before = snapshot(original.store)
    assert original("ls", "-q") == "gen-1\nweb-1\n"
    assert original("url", "gen-1") == "tcp://192.0.2.10:2376\n"
    assert original("url", "web-1") == "tcp://192.0.2.7:2376\n"
    assert original("ip", "gen-1") == "192.0.2.10\n"
    assert original("ip", "web-1") == "192.0.2.7:2376\n"
    assert sorted(original("ip", "web-1", "gen-1").split()) == ["192.0.2.10", "192.0.2.7:2376"]
    assert original("status", "web-1") == "Running\n"
    assert original("inspect", "gen-1", "--format", "{{.Driver.SSHPort}} {{.Nope.A}}") == "22 <no value>\n"
    assert original("inspect", "--format={{json .HostOptions.EngineOptions.Labels}}", "gen-1") == '["tier=test"]\n'
    assert {path: content for path, content in snapshot(original.store).items() if path in before} == before


def test_ls(original):
    """192.0.2.0/24 is nobody's: whether it refuses or is silent depends on the network, so both are right."""
    shown = original("ls", "--timeout", "1")
    recording = rows_of(recorded("ls.txt"))
    ours = rows_of(shown)
    assert list(ours) == list(recording) == ["gen-1", "web-1"]
    for name, row in ours.items():
        assert row["DRIVER"] == recording[name]["DRIVER"]
        assert row["ACTIVE"] in ("-", "") and row["DOCKER"] in ("Unknown", "")
    assert ours["web-1"]["STATE"] in ("Running", "Timeout")
    assert shown.startswith("NAME    ACTIVE   DRIVER    STATE")


def test_unknown_keys_survive(original):
    file = config_file(original.store, "web-1")
    document = json.loads(file.read_text())
    document["Driver"]["URL"] = refusing_url()
    document["Driver"]["Ours"] = {"a": [1, 12345678901234, 1.5, None], "b": "<&>"}
    document["HostOptions"]["EngineOptions"]["Extra"] = ["x"]
    document["Later"] = True
    file.write_text(json.dumps(document))
    shown = original("inspect", "web-1")
    inspected = json.loads(shown)
    assert inspected["Later"] is True
    assert inspected["Driver"]["Ours"] == document["Driver"]["Ours"]
    assert inspected["HostOptions"]["EngineOptions"]["Extra"] == ["x"]
    assert r'"\u003c\u0026\u003e"' in shown and "12345678901234" in shown
    # `env` asks the driver when nobody answers, and saves what it says.
    before = file.read_text()
    original.run("env", "web-1")
    assert file.read_text() != before, "it was laid out otherwise"
    saved = json.loads(file.read_text())
    assert saved["Driver"]["Ours"] == document["Driver"]["Ours"] and saved["Later"] is True


@pytest.mark.parametrize("shell", SHELLS)
def test_unset(bare, shell):
    shown = bare("env", "-u", "--shell", shell)
    assert shown == recorded(f"env-u-{shell}.txt").replace("docker-machine env", f"{bare.binary} env")


@pytest.mark.parametrize("shell, like", [("/usr/bin/zsh", "bash"), ("/bin/sh", "bash"), ("/usr/bin/fish", "fish"), ("", "bash"),
                                         ("/bin/tcsh", "tcsh")])
def test_shell_from_the_environment(bare, shell, like):
    shown = bare("env", "-u", environment={"SHELL": shell})
    expected = recorded(f"env-u-{like}.txt").splitlines()[:4]
    assert shown.splitlines()[:4] == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_env(docker_machine, make_engine, shell):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "gen-1", engine.url)
    result = docker_machine.run("env", "--shell", shell, "gen-1")
    assert result.code == 0 and result.err == "", str(result)
    expected = recorded(f"env-{shell}.txt", docker_machine.store).replace("tcp://192.0.2.10:2376", engine.url)
    assert result.out == expected.replace("docker-machine env", f"{docker_machine.binary} env")


def test_config(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "gen-1", engine.url)
    result = docker_machine.run("config", "gen-1")
    assert result.code == 0 and result.err == "", str(result)
    assert result.out == recorded("config.txt", docker_machine.store).replace("tcp://192.0.2.10:2376", engine.url)


def test_no_proxy(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "a", engine.url)
    address = docker_machine("ip", "a").strip()
    for variables, expected in (({}, f'export NO_PROXY="{address}"'),
                                ({"NO_PROXY": "b"}, f'export NO_PROXY="b,{address}"'),
                                ({"no_proxy": f"x,{address}"}, f'export no_proxy="x,{address}"'),
                                ({"NO_PROXY": f"{address}0"}, f'export NO_PROXY="{address}0,{address}"')):
        lines = docker_machine("env", "--no-proxy", "a", environment=variables).splitlines()
        assert lines[4] == expected
    assert docker_machine("env", "-u", "--no-proxy", environment={"NO_PROXY": "b"}).splitlines()[4] == "unset NO_PROXY"


NO_PROXY_LINES = {"bash": ('export no_proxy="a.example,127.0.0.1"', "unset no_proxy"),
                  "fish": ('set -gx no_proxy "a.example,127.0.0.1";', "set -e no_proxy;"),
                  "tcsh": ('setenv no_proxy "a.example,127.0.0.1";', "unsetenv no_proxy;"),
                  "powershell": ('$Env:no_proxy = "a.example,127.0.0.1"', "Remove-Item Env:\\\\no_proxy"),
                  "cmd": ("SET no_proxy=a.example,127.0.0.1", "SET no_proxy="),
                  "emacs": ('(setenv "no_proxy" "a.example,127.0.0.1")', '(setenv "no_proxy" nil)')}


@pytest.mark.parametrize("shell", SHELLS)
def test_no_proxy_in_each_shell(docker_machine, make_engine, shell):
    """After the four variables and before the hint; with -u the variable goes as a whole."""
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "a", engine.url, lambda document: document["Driver"].update(IPAddress="127.0.0.1"))
    variables = {"no_proxy": "a.example", "NO_PROXY": "b.example"}
    for words, line in ((["a"], NO_PROXY_LINES[shell][0]), (["-u"], NO_PROXY_LINES[shell][1])):
        shown = docker_machine("env", "--no-proxy", "--shell", shell, *words, environment=variables).splitlines()
        assert shown[4] == line and len(shown) == 7
        assert len(docker_machine("env", "--shell", shell, *words, environment=variables).splitlines()) == 6


def test_hint_repeats_the_command_line(docker_machine, tmp_path):
    """As it was typed, with blanks between; only the program's own name is quoted if it has to be."""
    last = docker_machine("env", "-u", "--shell", "a b").splitlines()[-1]
    assert last == f"# eval $({docker_machine.binary} env -u --shell a b)"
    (tmp_path / "a b").mkdir()
    program = tmp_path / "a b" / "docker-machine"
    program.symlink_to(docker_machine.binary)
    docker_machine.binary = program
    assert docker_machine("env", "-u").splitlines()[-2:] == ["# Run this command to configure your shell: ",
                                                             f'# eval $("{program}" env -u)']


@pytest.mark.parametrize("shell", ["ksh", "csh", "elvish", "/bin/bash", "Fish", ""])
def test_other_shells_are_posix(bare, shell):
    assert bare("env", "-u", "--shell", shell).splitlines()[0] == "unset DOCKER_TLS_VERIFY"


@pytest.mark.parametrize("variables", [{"SHELL": ""}, {"SHELL": "/usr/bin/tcsh"}])
def test_without_a_shell_it_is_sh(docker_machine, make_engine, variables):
    """The original promises lines for sh, prints none and fails."""
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "a", engine.url)
    first = docker_machine("env", "a", environment=variables).splitlines()[0]
    assert first == ('setenv DOCKER_TLS_VERIFY "1";' if variables["SHELL"] else 'export DOCKER_TLS_VERIFY="1"')


def test_the_swarm_of_a_machine(docker_machine, make_engine):
    """Its port is that of --swarm-host; if nobody answers there, the engine tells whether the certificates are at fault."""
    engine, master = make_engine(docker_machine.store), make_engine(docker_machine.store)

    def of_port(port):
        return lambda document: document["HostOptions"]["SwarmOptions"].update(Master=True, IsSwarm=True, Host=f"tcp://0.0.0.0:{port}")

    add_machine(docker_machine.store, "up", engine.url, of_port(master.port))
    assert docker_machine("config", "--swarm", "up").splitlines()[-1] == f"-H={master.url}"
    assert f'DOCKER_HOST="{master.url}"' in docker_machine("env", "--swarm", "up")
    add_machine(docker_machine.store, "down", engine.url, of_port(1))
    for command, prefix in (("config", "Error running connection boilerplate: "), ("env", "Error checking TLS connection: ")):
        result = docker_machine.run(command, "--swarm", "down")
        assert (result.code, result.err) == (1, prefix + "Connection to Swarm cannot be checked but the certs are valid. Maybe swarm "
                                                         "is not started\n")


def test_config_looks_at_the_first_name_only(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "a", engine.url)
    assert docker_machine("config", "a", "nosuch") == docker_machine("config", "a")


@pytest.mark.parametrize("command, prefix", [("config", "Error running connection boilerplate: "),
                                             ("env", "Error checking TLS connection: ")])
def test_engine_that_refuses(docker_machine, command, prefix):
    add_machine(docker_machine.store, "a", refusing_url())
    result = docker_machine.run(command, "a")
    assert result.code == 1 and result.out == ""
    assert result.err == (
        f"{prefix}Error checking and/or regenerating the certs: There was an error validating certificates for host "
        '"127.0.0.1:1": dial tcp 127.0.0.1:1: connect: connection refused\n'
        "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n"
        "Be advised that this will trigger a Docker daemon restart which might stop running containers.\n\n")


def test_engine_with_the_wrong_certificate(docker_machine, make_engine, bare, tmp_path):
    other = make_engine(docker_machine.store, names="IP:10.0.0.1")
    add_machine(docker_machine.store, "other", other.url)
    result = docker_machine.run("env", "other")
    assert result.code == 1 and result.out == ""
    assert "x509: certificate is valid for 10.0.0.1, not 127.0.0.1\n" in result.err
    stranger = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "stranger", stranger.url)
    certs = docker_machine.store / "certs"
    shutil.rmtree(certs)
    docker_machine("create", "-d", "none", "--url", refusing_url(), "new-authority")
    result = docker_machine.run("config", "stranger")
    assert result.code == 1 and "x509: certificate signed by unknown authority" in result.err


def test_env_refusals(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    for words, message in ((["env", "a", "b"], "Error: Expected one machine name as an argument"),
                           (["env", "-u", "a"], "Error: Expected no machine name when the -u flag is present"),
                           (["url", "a", "b"], "Error: Expected one machine name as an argument"),
                           (["status", "a", "b"], "Error: Expected one machine name as an argument"),
                           (["inspect", "a", "b"], "Error: Expected one machine name as an argument"),
                           (["version", "a", "b"], "Error: Expected one machine name as an argument"),
                           (["env", "--swarm", "a"], 'Error checking TLS connection: "a" is not a swarm master. The --swarm flag is '
                                                     "intended for use with swarm masters"),
                           (["inspect", "a", "-f", "{{nope}}"],
                            'template parsing error: template: :1: function "nope" not defined')):
        result = docker_machine.run(*words)
        assert (result.code, result.err) == (1, message + "\n"), str(result)
    assert docker_machine.run("inspect", "a", "b").out.startswith("Usage: docker-machine inspect ")


def test_active_and_version_of_an_engine(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "on", engine.url)
    add_machine(docker_machine.store, "off", refusing_url())
    assert docker_machine("version", "on") == ENGINE_VERSION + "\n"
    result = docker_machine.run("version", "off")
    assert result.code == 1 and result.err.startswith("Unable to query docker version: ")
    assert docker_machine("active", environment={"DOCKER_HOST": engine.url}) == "on\n"
    for variables in ({}, {"DOCKER_HOST": ""}, {"DOCKER_HOST": "tcp://127.0.0.1:2"}):
        result = docker_machine.run("active", environment=variables)
        assert (result.code, result.out, result.err) == (1, "", "No active host found\n")
    result = docker_machine.run("active", "x")
    assert (result.code, result.err) == (1, "Error: Too many arguments given\n")


def test_store_of_the_future(original):
    file = config_file(original.store, "web-1")
    file.write_text(file.read_text().replace('"ConfigVersion": 3', '"ConfigVersion": 4'))
    before = file.read_bytes()
    result = original.run("url", "web-1")
    assert (result.code, result.err) == (1, "Error getting migrated host: config version is from the future -- you should upgrade "
                                            "your Docker Machine client\n")
    assert file.read_bytes() == before


NASTY = ["with blank", "two  blanks", "quo'te", 'double"quote', "dollar$HOME", "back`id`tick", "back\\slash", "semi;colon&and",
         "star*", "ünïcode", "all $(of) \"it\" 'at' `once`  \\ !"]


@pytest.mark.parametrize("name", NASTY)
def test_bash_takes_in_any_path(bare, certificates, make_engine, tmp_path, name):
    store = tmp_path / name
    store.mkdir()
    shutil.copytree(certificates, store / "certs")
    engine = make_engine(store)
    bare("-s", store, "create", "-d", "none", "--url", engine.url, "a")
    for shell in ("bash", "sh"):
        script = 'eval $("$@") && printf "%s|%s|%s" "$DOCKER_CERT_PATH" "$DOCKER_HOST" "$DOCKER_MACHINE_NAME"'
        done = subprocess.run([shell, "-c", script, shell, bare.binary, "-s", store, "env", "a"], capture_output=True, text=True,
                              env=bare.environment, cwd=bare.home, check=False)
        assert done.stdout == f"{store}/machines/a|{engine.url}|a", done.stderr
    shown = bare("-s", store, "config", "a").splitlines()
    assert json.loads(shown[1].removeprefix("--tlscacert=")) == f"{store}/machines/a/ca.pem"


def test_store_that_was_moved(docker_machine, make_engine, tmp_path):
    engine = make_engine(docker_machine.store)
    docker_machine("create", "-d", "none", "--url", engine.url, "a")
    moved = tmp_path / "elsewhere" / "store"
    moved.parent.mkdir()
    docker_machine.store.rename(moved)
    before = config_file(moved, "a").read_bytes()
    docker_machine.environment["MACHINE_STORAGE_PATH"] = str(moved)
    assert str(docker_machine.home) not in docker_machine("inspect", "a")
    assert docker_machine("inspect", "a", "-f", "{{.HostOptions.AuthOptions.StorePath}}") == f"{moved}/machines/a\n"
    assert f'DOCKER_CERT_PATH="{moved}/machines/a"' in docker_machine("env", "a")
    row = rows_of(docker_machine("ls"))["a"]
    assert (row["STATE"], row["DOCKER"], row["ERRORS"]) == ("Running", "v" + ENGINE_VERSION, "")
    assert config_file(moved, "a").read_bytes() == before
    docker_machine("rm", "-y", "a")
    assert not docker_machine.store.exists(), "nothing is made anew at the old place"


def test_relative_path_and_slash_at_the_end(docker_machine, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    shutil.copytree(docker_machine.store / "certs", work / "rel" / "certs")
    docker_machine("-s", "rel", "create", "-d", "none", "--url", refusing_url(), "a", folder=work)
    document = config_of(work / "rel", "a")
    assert document["Driver"]["StorePath"] == "rel"
    assert document["HostOptions"]["AuthOptions"]["StorePath"] == "rel/machines/a"
    assert docker_machine("-s", "rel", "ls", "-q", folder=work) == "a\n"
    assert docker_machine("-s", "./rel/", "url", "a", folder=work) == refusing_url() + "\n"

    slashed = f"{work}/rel/"
    docker_machine("-s", slashed, "create", "-d", "none", "--url", refusing_url(), "b")
    document = config_of(work / "rel", "b")
    assert document["Driver"]["StorePath"] == slashed
    assert document["HostOptions"]["AuthOptions"]["CaCertPath"] == f"{work}/rel/certs/ca.pem"
    assert document["HostOptions"]["AuthOptions"]["StorePath"] == f"{work}/rel/machines/b"
    assert docker_machine("-s", slashed, "ls", "-q") == "a\nb\n"
    docker_machine("-s", slashed, "rm", "-y", "a", "b")
    assert sorted(os.listdir(work / "rel" / "machines")) == []
