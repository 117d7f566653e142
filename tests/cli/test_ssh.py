"""`ssh` and `scp` with a real OpenSSH server: the user's own programs, and the built-in client."""

import os

import pytest

from servers import Sshd
from store import add_machine, config_of, free_port, generic, refusing_url

ANY_CLIENT = ["openssh", "flag", "variable", "no ssh"]


@pytest.fixture
def dev(docker_machine, make_sshd):
    """The program with a machine "dev" that OpenSSH answers for."""
    docker_machine.sshd = make_sshd()
    add_sshd(docker_machine, "dev", docker_machine.sshd)
    return docker_machine


def add_sshd(docker_machine, name, sshd):
    add_machine(docker_machine.store, name, refusing_url(), generic(sshd.port, user=Sshd.user, key=sshd.key))


@pytest.fixture
def ssh(dev, tmp_path):
    """ssh(client, words…): `docker-machine ssh` by one of the clients."""

    def run(client, *words, call=dev.run, **more):
        environment = {"openssh": {}, "flag": {"PATH": fake_programs(tmp_path)}, "no ssh": {"PATH": "/nowhere"},
                       "variable": {"PATH": fake_programs(tmp_path), "MACHINE_NATIVE_SSH": "true"}}[client]
        flags = ["--native-ssh"] if client == "flag" else []
        return call(*flags, "ssh", *words, environment=environment, **more)

    return run


def fake_programs(folder):
    """A folder with programs that only say how they were called, a word on each line."""
    programs = folder / "programs"
    if not programs.exists():
        programs.mkdir()
        for name in ("ssh", "scp", "rsync", "sshfs", "fusermount"):
            (programs / name).write_text(f"#!/bin/sh\necho called {name}\nprintf '%s\\n' \"$@\"\nexit 9\n")
            (programs / name).chmod(0o755)
    return str(programs)


@pytest.mark.parametrize("client", ANY_CLIENT)
def test_status_input_and_output_pass(ssh, client):
    result = ssh(client, "dev", "cat;", "echo", "wrong", ">&2;", "exit", "7", input="a\nb")
    assert (result.code, result.out) == (7, "a\nb") and "wrong\n" in result.err
    assert ssh(client, "dev", "echo", "a", "b").out == "a b\n"
    assert ssh(client, "dev", "--", "echo", "-n", "x").out == "x"
    assert ssh(client, "dev", "tty").out == "not a tty\n"
    shell = ssh(client, "dev", input="echo $((6 * 7))\nexit 3\n")
    assert shell.code == 3 and shell.out.endswith("42\n")
    killed = ssh(client, "dev", "kill -KILL $$")
    assert killed.code == (255 if client == "openssh" else 128 + 9)


@pytest.mark.parametrize("client", ANY_CLIENT)
def test_a_terminal(ssh, dev, client):
    with ssh(client, "dev", call=dev.terminal) as terminal:
        terminal.send("PS1=; stty size; tty; echo $TERM; trap 'echo caught' INT; echo rea''dy\r")
        assert "24 80\r\n" in terminal.expect(r"(?s).*^ready").group()
        assert "/dev/pts/" in terminal.shown and "\nxterm\r\n" in terminal.shown
        terminal.resize(33, 99)
        terminal.send("stty size\r")
        terminal.expect("33 99\r")
        terminal.send("sleep 1000\r")
        terminal.expect("sleep 1000")
        terminal.send("\x03")
        terminal.send("exit 9\r")
        assert terminal.finish(20) == 9


def test_the_built_in_client_gives_commands_a_terminal_too(ssh, dev):
    with ssh("flag", "dev", "stty -a; stty size; exit 2", call=dev.terminal, rows=40, columns=100) as terminal:
        terminal.expect("40 100\r")
        assert terminal.finish(20) == 2


def test_the_default_machine(dev):
    add_sshd(dev, "default", dev.sshd)
    for flags in ([], ["--native-ssh"]):
        result = dev.run(*flags, "ssh", input="exit 5\n")
        assert result.code == 5, str(result)


def test_openssh_gets_the_users_words_last_and_as_they_are(dev, tmp_path):
    programs = fake_programs(tmp_path)
    for words in (["-L", "8080:localhost:80", "-A"], ["--", "uname", "-a"], ["", "two words", "-h"], []):
        shown = dev.run("ssh", "dev", *words, environment={"PATH": programs})
        assert shown.code == 9, str(shown)
        called, *given = shown.out.split("\n")[:-1]
        assert called == "called ssh"
        assert given[:2] == ["-F", "/dev/null"]
        end = ["-o", "IdentitiesOnly=yes", "-i", str(dev.sshd.key), "-p", str(dev.sshd.port), *words]
        assert given[given.index(f"{Sshd.user}@127.0.0.1") + 1:] == end
        options = [option for dash, option in zip(given, given[1:]) if dash == "-o"]
        assert {"ConnectionAttempts=3", "ConnectTimeout=10", "ControlMaster=no", "ControlPath=none", "PasswordAuthentication=no",
                "ServerAliveInterval=60"} <= set(options)


def test_the_built_in_client_takes_no_options(ssh):
    result = ssh("flag", "dev", "-L", "8080:localhost:80")
    assert result.code == 1 and result.out == ""
    assert result.err == ('The built-in SSH client takes no options such as "-L": they need OpenSSH\'s ssh on the PATH, and no '
                          "--native-ssh\n")


@pytest.mark.parametrize("word", ["--help", "-help", "-h"])
def test_help_is_only_the_first_word(ssh, bare, word):
    result = bare.run("ssh", word)
    assert result.code == 0 and result.out.startswith("Usage: docker-machine ssh [arg...]\n")


@pytest.mark.parametrize("flags", [[], ["--native-ssh"]])
def test_refusals(dev, flags):
    def refused(*words):
        result = dev.run(*flags, *words, limit=30)
        assert result.code == 1 and result.out == ""
        return result.err

    add_machine(dev.store, "off", refusing_url(), generic(free_port()))
    assert refused("ssh", "off", "true") == 'Error: Cannot run SSH command: Host "off" is not running\n'
    assert refused("ssh", "--", "dev").startswith('Docker machine "--" does not exist.')
    key = dev.sshd.key
    key.chmod(0o644)
    assert refused("ssh", "dev", "true") == f"permissions 0644 for '{key}' are too open\n"
    key.chmod(0o200)
    assert refused("ssh", "dev", "true") == f"'{key}' is not readable\n"
    key.rename(key.with_name("elsewhere"))
    assert refused("ssh", "dev", "true") == f"stat {key}: no such file or directory\n"


@pytest.mark.parametrize("client", ["openssh", "flag"])
def test_a_changed_host_key_is_refused(ssh, dev, client):
    assert ssh(client, "dev", "true").code == 0
    known = dev.store / "machines" / "dev" / "known_hosts"
    before = known.read_text()
    dev.sshd.change_host_key()
    result = ssh(client, "dev", "echo", "in")
    assert result.code == (255 if client == "openssh" else 1) and result.out == ""
    assert "host key" in result.err.lower() and known.read_text() == before
    # Both clients know what either has learnt.
    other = {"openssh": "flag", "flag": "openssh"}[client]
    assert ssh(other, "dev", "echo", "in").out == ""


@pytest.mark.parametrize("client", ["openssh", "flag"])
def test_a_refused_key_is_told(ssh, dev, client):
    (dev.sshd.folder / "key.pub").write_text("")
    result = ssh(client, "dev", "true")
    assert result.code == (255 if client == "openssh" else 1)
    assert "ermission denied" in result.err or "refuse" in result.err, str(result)


def test_ctrl_c_ends_the_built_in_client_without_a_terminal(dev):
    running = dev.start("--native-ssh", "ssh", "dev", f"echo on >{dev.home}/on; exec sleep 1000")
    try:
        while not (dev.home / "on").exists():
            assert running.alive
        running.signal()
        result = running.finish(limit=10)
    finally:
        running.abandon()
    assert result.code == 130 and result.err == "Cancelled.\n"


def test_scp(dev, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    (tmp_path / "a b.txt").write_text("content")
    dev("scp", tmp_path / "a b.txt", f"dev:{there}")
    assert there.read_text() == "content"
    dev("scp", "-q", f"{Sshd.user}@dev:{there}", f"localhost:{back}")
    assert back.read_text() == "content"
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "x").write_text("x")
    assert dev.run("scp", tmp_path / "folder", f"dev:{tmp_path}/copy").code == 1
    # A flag in the middle does not turn the direction round.
    dev("scp", tmp_path / "folder", "-r", f"dev:{tmp_path}/copy")
    assert (tmp_path / "copy" / "sub" / "x").read_text() == "x"
    dev("scp", f"localhost:{back}", tmp_path / "local")
    assert (tmp_path / "local").read_text() == "content"


def test_scp_between_machines_on_different_ports(dev, make_sshd, tmp_path):
    other = make_sshd()
    add_sshd(dev, "other", other)
    assert other.port != dev.sshd.port
    (tmp_path / "from").write_text("from one to the other")
    dev("scp", f"dev:{tmp_path}/from", f"other:{tmp_path}/to")
    assert (tmp_path / "to").read_text() == "from one to the other"
    # Only then has each been asked with its own key.
    for name in ("dev", "other"):
        assert f"{name} ssh-ed25519 " in (dev.store / "machines" / name / "known_hosts").read_text()
    refused = dev.run("scp", "--delta", f"dev:{tmp_path}/from", f"other:{tmp_path}/to")
    assert refused.code == 1 and refused.err.startswith("rsync cannot copy between two machines")
    left = [entry for entry in os.listdir(os.environ.get("TMPDIR", "/tmp")) if entry.startswith("docker-machine-")]
    assert not [entry for entry in left if os.path.isfile(f"/tmp/{entry}")], "the settings of both are taken away again"


def test_scp_by_rsync(dev, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page").write_text("there")
    shown = dev("scp", "-r", "--delta", f"{tmp_path}/site/", f"dev:{tmp_path}/copy")
    assert "page" in shown and "100%" in shown
    assert (tmp_path / "copy" / "page").read_text() == "there"
    assert dev("scp", "-d", "-q", f"dev:{tmp_path}/copy/page", tmp_path / "back") == ""
    assert (tmp_path / "back").read_text() == "there"


def test_scp_failures(dev, tmp_path):
    for words, message in ((["dev:/nowhere", str(tmp_path)], "exit status 1"), (["-d", "dev:/nowhere", str(tmp_path)], "exit status 23"),
                           (["x:/a", "/b"], 'Error loading host: Docker machine "x" does not exist. '),
                           (["/b", "x@y:/a"], 'Error loading host: Docker machine "y" does not exist. ')):
        result = dev.run("scp", *words)
        assert result.code == 1 and result.err.splitlines()[-1].startswith(message), str(result)
    for words in ([], ["a"], ["a", "b", "c"], ["-r", "a"]):
        result = dev.run("scp", *words)
        assert result.code == 1 and result.err == "Improper number of arguments\n"
        assert result.out.startswith("Usage: docker-machine scp [OPTIONS] [arg...]\n")
    nothing = {"PATH": "/nowhere"}
    assert dev.run("scp", "/a", "dev:/b", environment=nothing).err == (
        "You must have a copy of the scp binary locally to use the scp feature\n")
    assert dev.run("scp", "-d", "/a", "dev:/b", environment=nothing).err == (
        "You must have a copy of the rsync binary locally to use the --delta option\n")


def test_mount_hands_over_the_machines_own_settings(dev, tmp_path):
    add_sshd(dev, "default", dev.sshd)
    programs = {"PATH": fake_programs(tmp_path)}
    for words, remote, place in ((["dev:/srv"], "/srv", "/srv"), (["/srv", "here"], "/srv", "here"),
                                 (["alice@dev:/srv", "here"], "/srv", "here")):
        result = dev.run("mount", *words, environment=programs)
        assert result.code == 1 and result.err == "exit status 9\n"
        called, *given = result.out.splitlines()
        user = "alice" if words[0].startswith("alice") else Sshd.user
        assert called == "called sshfs" and given[-2:] == [f"{user}@127.0.0.1:{remote}", place]
        assert f"Port={dev.sshd.port}" in given and "IdentitiesOnly=yes" in given and f"IdentityFile={dev.sshd.key}" in given
        undone = dev.run("mount", "-u", *words, environment=programs)
        assert undone.code == 1 and undone.out.splitlines() == ["called fusermount", "-u", place]
    unknown = dev.run("mount", "x:/srv", environment=programs)
    assert unknown.code == 1 and unknown.err.startswith('Error loading host: Docker machine "x" does not exist. ')


def test_nothing_is_written_into_the_record(dev):
    before = config_of(dev.store, "dev")
    dev("ssh", "dev", "true")
    dev("--native-ssh", "ssh", "dev", "true")
    assert config_of(dev.store, "dev") == before
