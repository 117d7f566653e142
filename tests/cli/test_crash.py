"""kill -9 in the middle of `create`: the next command finds a store that works."""

import json
import random
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import cli
from store import UNFINISHED, add_machine, assert_certificates, assert_whole, refusing_url, rows_of, visible

CREATE = ["create", "-d", "none", "--url", refusing_url()]
#: What changes the store, and what tells the user of it. Each is a moment at which the power may go.
CALLS = ["mkdir", "openat", "write", "fsync", "flock", "link", "rename", "renameat2", "unlink", "unlinkat", "rmdir"]
RARE_CALLS = ["mkdir", "link", "rename", "renameat2", "unlink", "unlinkat"]


def check_after_crash(docker_machine, name, when, before=()):
    """All that a user may do next works, and an older machine is as it was."""
    left = visible(docker_machine.store)
    assert set(left) <= {name, *before} and set(before) <= set(left), when
    assert_whole(docker_machine.store, left)
    listed = docker_machine.run("ls", limit=10)
    assert listed.code == 0 and listed.err == "", f"{when}: {listed}"
    rows = rows_of(listed.out)
    assert sorted(rows) == left, when
    for row in rows.values():
        state = "Error" if "Creation did not finish" in row["ERRORS"] else "Running"
        assert (row["DRIVER"], row["STATE"]) == ("none", state), f"{when}: {row}"
    if name in left:
        notes = json.loads((docker_machine.store / "machines" / name / "notes.json").read_text())
        assert notes["Unfinished"] == (UNFINISHED in rows[name]["ERRORS"]), when
        again = docker_machine.run(*CREATE, name, limit=10)
        assert (again.code, again.err) == (1, f'Docker machine "{name}" already exists\n'), f"{when}: {again}"
        assert f"Successfully removed {name}\n" in docker_machine("rm", "-y", name, limit=10), when
    result = docker_machine.run(*CREATE, name, limit=30)
    assert result.code == 0 and result.err == "", f"{when}: {result}"
    assert_whole(docker_machine.store, [name, *before])
    assert UNFINISHED not in docker_machine("ls", limit=10), when
    assert f"Successfully removed {name}\n" in docker_machine("rm", "-y", name, limit=10)
    assert visible(docker_machine.store) == sorted(before), when


def kill_after(docker_machine, delay, name):
    """Starts a create and kills it after `delay` seconds; whether it was still at work."""
    running = docker_machine.start(*CREATE, name)
    try:
        time.sleep(delay)
        alive = running.alive
        running.signal(signal.SIGKILL) if alive else None
        running.finish(limit=10)
    finally:
        running.abandon()
    return alive


def test_killed_at_any_moment_of_the_first_create(binary, tmp_path):
    """Most of that time RSA keys are made: the files of the authority appear at any part of it."""
    chance = random.Random(seed := random.randrange(10**6))
    delays = [chance.uniform(0, 0.5) for _ in range(10)]

    def crash(attempt):
        fresh = cli.DockerMachine(binary, tmp_path / str(attempt))
        killed = kill_after(fresh, delays[attempt], "a")
        check_after_crash(fresh, "a", f"seed {seed}, attempt {attempt}, {delays[attempt]:.4f} s")
        assert_certificates(fresh.store)
        return killed

    with ThreadPoolExecutor(2) as pool:
        assert any(list(pool.map(crash, range(len(delays))))), "no attempt was quick enough"


def test_killed_at_any_moment_of_a_later_create(docker_machine):
    """One store takes all crashes, with a machine that must stay as it is."""
    add_machine(docker_machine.store, "old", refusing_url())
    began = time.monotonic()
    docker_machine(*CREATE, "warm")
    docker_machine("rm", "-y", "warm")
    span = (time.monotonic() - began) * 0.6
    chance = random.Random(seed := random.randrange(10**6))
    killed = 0
    for attempt in range(25):
        delay = chance.uniform(0, span)
        killed += kill_after(docker_machine, delay, "a")
        check_after_crash(docker_machine, "a", f"seed {seed}, attempt {attempt}, {delay:.4f} s", before=["old"])
    assert killed > 0, "no attempt was quick enough"


def counted_calls(strace, docker_machine, calls, words, folder):
    """How often a whole command makes each of the calls."""
    trace = folder / "trace"
    traced = cli.DockerMachine(strace, docker_machine.home)
    traced("-f", "-qq", "-o", trace, "-e", "trace=" + ",".join("?" + call for call in calls), docker_machine.binary, *words)
    counts = {}
    for call in re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE):
        counts[call] = counts.get(call, 0) + 1
    return counts


def killed_at(strace, docker_machine, call, number, words):
    """A command that dies when it makes the call for the `number`th time."""
    traced = cli.DockerMachine(strace, docker_machine.home)
    result = traced.run("-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}",
                        docker_machine.binary, *words, limit=30)
    assert result.code in (-signal.SIGKILL, 128 + signal.SIGKILL), f"not killed at {call} number {number}: {result}"


def test_killed_at_every_step_of_a_later_create(docker_machine, strace, tmp_path):
    add_machine(docker_machine.store, "old", refusing_url())
    docker_machine(*CREATE, "warm")
    docker_machine("rm", "-y", "warm")
    counts = counted_calls(strace, docker_machine, CALLS, [*CREATE, "a"], tmp_path)
    assert counts["renameat2"] >= 1 and counts["fsync"] >= 4 and counts["write"] >= 4, counts
    docker_machine("rm", "-y", "a")
    for call, number in ((call, number) for call in counts for number in range(1, counts[call] + 1)):
        killed_at(strace, docker_machine, call, number, [*CREATE, "a"])
        check_after_crash(docker_machine, "a", f"at {call} number {number}", before=["old"])


def test_killed_at_every_step_of_the_first_create(binary, strace, tmp_path):
    first = cli.DockerMachine(binary, tmp_path / "first")
    counts = counted_calls(strace, first, RARE_CALLS, [*CREATE, "a"], tmp_path)
    assert counts["mkdir"] >= 3 and counts["rename"] >= 4, counts

    def crash(moment):
        call, number = moment
        fresh = cli.DockerMachine(binary, tmp_path / f"{call}-{number}")
        killed_at(strace, fresh, call, number, [*CREATE, "a"])
        check_after_crash(fresh, "a", f"at {call} number {number}")
        assert_certificates(fresh.store)

    moments = [(call, number) for call in counts for number in range(1, counts[call] + 1)]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(crash, moments):
            pass


def test_killed_creates_do_not_fill_the_store(docker_machine, strace):
    """What a crash leaves where nobody looks is cleaned up some day: with the machine, or by the next create of the name."""
    for _ in range(3):
        killed_at(strace, docker_machine, "renameat2", 1, [*CREATE, "a"])
    docker_machine(*CREATE, "a")
    docker_machine("rm", "-y", "a")
    assert [entry.name for entry in (docker_machine.store / "machines").iterdir()] == []


def test_killed_at_every_step_of_rm(docker_machine, strace, tmp_path):
    """The machine is there and whole, or gone; what its name may leave hidden does not stop a new one."""
    add_machine(docker_machine.store, "old", refusing_url())
    docker_machine(*CREATE, "a")
    counts = counted_calls(strace, docker_machine, CALLS, ["rm", "-y", "a"], tmp_path)
    assert counts["rename"] >= 1 and counts["unlinkat"] + counts.get("unlink", 0) >= 3, counts
    for call, number in ((call, number) for call in counts for number in range(1, counts[call] + 1)):
        docker_machine(*CREATE, "a")
        killed_at(strace, docker_machine, call, number, ["rm", "-y", "a"])
        check_after_crash(docker_machine, "a", f"rm at {call} number {number}", before=["old"])


def test_a_new_machine_is_on_the_disk_before_create_ends(docker_machine, strace, tmp_path):
    """The folder that got the new name is written out, or a power cut would take the machine away again."""
    trace = tmp_path / "trace"
    traced = cli.DockerMachine(strace, docker_machine.home)
    traced("-f", "-qq", "-y", "-o", trace, "-e", "trace=renameat2,fsync", docker_machine.binary, *CREATE, "a")
    lines = trace.read_text().splitlines()
    shown = next(i for i, line in enumerate(lines) if "renameat2(" in line)
    assert any(re.search(r"fsync\(\d+<\S+/machines>", line) for line in lines[shown + 1:]), "\n".join(lines)


def test_lock_of_a_dead_process_holds_nobody_up(docker_machine, silent_server):
    """The kernel drops the lock with its owner: `rm` goes ahead at once."""
    key = docker_machine.home / "key"
    shutil.copy(docker_machine.store / "certs" / "key.pem", key)
    running = docker_machine.start("create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port",
                                   silent_server.port, "--generic-ssh-key", key, "g")
    try:
        assert silent_server.connected.wait(10)
        running.signal(signal.SIGKILL)
        running.finish(limit=10)
    finally:
        running.abandon()
    row = rows_of(docker_machine("ls"))["g"]
    assert row["DRIVER"] == "generic" and row["ERRORS"].startswith(UNFINISHED)
    result = docker_machine.run("rm", "-y", "g", limit=5)
    assert result.code == 0 and result.err == "", str(result)
    assert visible(docker_machine.store) == []
