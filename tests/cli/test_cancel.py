"""`create` with the generic driver where no SSH server answers as it should, and Ctrl-C."""

import fcntl
import re
import signal
import subprocess
import time

import pytest

from store import UNFINISHED, add_machine, config_of, free_port, openssl, refusing_url, rows_of, visible

PROMPT = 2  # seconds
CANCELLED = 128 + signal.SIGINT


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "lab"
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
    path.chmod(0o600)
    path.with_suffix(".pub").write_text("ssh-rsa AAAA\n")
    return path


def words(port, key, name="g"):
    return ["create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port", str(port), "--generic-ssh-key",
            str(key), name]


def wait_until(condition, limit=10):
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.01)


def wait_for_machine(docker_machine, running, name="g"):
    folder = docker_machine.store / "machines" / name

    def there():
        assert running.alive, str(running.finish())
        return (folder / "lab").exists()

    wait_until(there)


def check_what_is_left(docker_machine, name="g"):
    row = rows_of(docker_machine("ls", "-t", "1"))[name]
    assert row["DRIVER"] == "generic" and row["ERRORS"].startswith(UNFINISHED), row
    assert config_of(docker_machine.store, name)["Driver"]["SSHKeyPath"].endswith(f"/machines/{name}/lab")
    result = docker_machine.run("rm", "-y", name, limit=5)
    assert result.code == 0 and f"Successfully removed {name}\n" in result.out and result.err == "", str(result)
    assert visible(docker_machine.store) == []
    assert [entry.name for entry in (docker_machine.store / "machines").iterdir()] == []


@pytest.mark.parametrize("number, code", [(signal.SIGINT, CANCELLED), (signal.SIGTERM, None), (signal.SIGHUP, None)])
def test_nobody_listens(docker_machine, key, number, code):
    running = docker_machine.start(*words(free_port(), key))
    try:
        wait_for_machine(docker_machine, running)
        time.sleep(0.5)
        assert running.alive, "it goes on trying, since the host may be starting"
        running.signal(number)
        sent = time.monotonic()
        result = running.finish(limit=10)
    finally:
        running.abandon()
    assert time.monotonic() - sent < PROMPT
    assert result.code == code if code else result.code > 0, str(result)
    assert result.err.splitlines()[-1] == "Cancelled."
    assert "Creating machine..." in result.out and "Importing SSH key..." in result.out
    assert "\x1b" not in result.out + result.err and "\r" not in result.out + result.err, "no decoration in a pipe"
    check_what_is_left(docker_machine)


def test_server_that_says_nothing(docker_machine, key, silent_server):
    with docker_machine.terminal(*words(silent_server.port, key)) as terminal:
        wait_until(silent_server.connected.is_set)
        time.sleep(0.3)
        assert terminal.alive
        sent = time.monotonic()
        terminal.send("\x03")
        code = terminal.finish(10)
        assert time.monotonic() - sent < PROMPT
        assert code == CANCELLED, terminal.shown
        assert "Cancelled." in terminal.shown
        assert re.search(r"g\) Importing SSH key", terminal.shown)
    check_what_is_left(docker_machine)


def test_host_that_never_answers(docker_machine, key, full_queue):
    running = docker_machine.start(*words(full_queue.port, key))
    try:
        wait_for_machine(docker_machine, running)
        running.signal()
        sent = time.monotonic()
        result = running.finish(limit=10)
    finally:
        running.abandon()
    assert time.monotonic() - sent < PROMPT and result.code == CANCELLED, str(result)
    check_what_is_left(docker_machine)


def test_second_interrupt_ends_at_once(docker_machine, key, silent_server):
    """The test holds the lock that the clean-up after the first one needs, so that it has something to wait for."""
    running = docker_machine.start(*words(silent_server.port, key))
    try:
        wait_until(silent_server.connected.is_set)
        with open(docker_machine.store / "locks" / "write-g.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            running.signal()
            time.sleep(0.5)
            assert running.alive, "it cleans up, which takes a while here"
            running.signal()
            sent = time.monotonic()
            result = running.finish(limit=5)
    finally:
        running.abandon()
    assert time.monotonic() - sent < 0.5 and result.code == CANCELLED, str(result)
    check_what_is_left(docker_machine)


def test_others_are_not_held_up(docker_machine, key, silent_server):
    """While one create waits for its host, all other commands work; a second one on this machine waits, and says so."""
    add_machine(docker_machine.store, "other", refusing_url())
    running = docker_machine.start(*words(silent_server.port, key))
    waiting = None
    try:
        wait_until(silent_server.connected.is_set)
        assert docker_machine("ls", "-q", limit=5) == "g\nother\n"
        assert "generic" == rows_of(docker_machine("ls", limit=5))["g"]["DRIVER"]
        assert docker_machine("inspect", "g", "-f", "{{.DriverName}}", limit=5) == "generic\n"
        docker_machine("create", "-d", "none", "--url", refusing_url(), "new", limit=10)
        docker_machine("rm", "-y", "other", "new", limit=5)
        again = docker_machine.run(*words(silent_server.port, key), limit=5)
        assert (again.code, again.err) == (1, 'Docker machine "g" already exists\n')
        waiting = docker_machine.start("rm", "-y", "g")
        time.sleep(0.5)
        assert waiting.alive, "a machine is not removed under the hands of its create"
        running.signal()
        assert running.finish(limit=10).code == CANCELLED
        result = waiting.finish(limit=5)
        assert result.code == 0 and "Successfully removed g\n" in result.out
        assert 'Waiting for another docker-machine that is working on "g"...' in result.out + result.err
    finally:
        running.abandon()
        if waiting:
            waiting.abandon()
    assert visible(docker_machine.store) == []


def test_interrupted_ls(docker_machine, full_queue):
    add_machine(docker_machine.store, "silent", f"tcp://127.0.0.1:{full_queue.port}")
    for command in (["ls"], ["env", "silent"], ["config", "silent"], ["version", "silent"]):
        running = docker_machine.start(*command)
        try:
            time.sleep(0.3)
            assert running.alive
            running.signal()
            result = running.finish(limit=PROMPT)
        finally:
            running.abandon()
        assert result.code == CANCELLED and result.out == "", str(result)


@pytest.mark.parametrize("command", [["ls"], ["create", "-d", "none", "--url", refusing_url(), "p"], ["inspect", "o"], ["help"],
                                     ["env", "o"], ["rm", "-y", "o"], ["ls", "--nope"]])
def test_no_decoration_in_a_pipe(docker_machine, command):
    add_machine(docker_machine.store, "o", refusing_url())
    result = docker_machine.run(*command, environment={"TERM": "xterm-256color", "CLICOLOR_FORCE": "1"})
    assert "\x1b" not in result.out + result.err and "\r" not in result.out + result.err


def test_reader_that_went_away(docker_machine):
    """`docker-machine ls | head -1` must not hang, nor claim a mistake."""
    for i in range(30):
        add_machine(docker_machine.store, f"m{i}", refusing_url())
    done = subprocess.run(["bash", "-c", '"$@" | true', "bash", docker_machine.binary, "ls"], env=docker_machine.environment,
                          capture_output=True, text=True, timeout=5, check=False)
    assert done.stderr == ""
