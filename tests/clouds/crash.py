"""kill -9 at every call of a command to its provider and at every write to the store; then `rm`, and nothing may be left.

The moments come from a trace of the command itself. Whatever call a later run makes must be one of them.
"""

import os
import re
import shutil
import signal
import socket
import threading
import time
from dataclasses import dataclass

import api_trace
import cli
from store import visible

REACH_LIMIT = 60  # seconds until a create waits for SSH
END_LIMIT = 60
#: What changes the store, and is made as often in every run of a command. A kill finds the same files at an fsync as at what follows it.
WRITES = ("mkdir", "link", "rename", "renameat2", "unlink", "unlinkat", "rmdir")


class SshDoor:
    """A port, at all of this computer's addresses, that takes every connection and says nothing. Who knocks waits for SSH:
    then the provider's part of a create is over."""

    def __init__(self):
        self._listener = socket.create_server(("", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.reached = threading.Event()
        self._open = []
        threading.Thread(target=self._serve, name="ssh door", daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._listener.close()
        self.shut()

    def shut(self):
        """Hangs up on all, and begins anew."""
        self.reached.clear()
        while self._open:
            self._open.pop().close()

    def _serve(self):
        while True:
            try:
                self._open.append(self._listener.accept()[0])
            except OSError:
                return
            self.reached.set()


@dataclass(frozen=True)
class Point:
    """A moment to die at: the call's id in the trace, and whether the provider has heard of it."""

    id: str
    when: str

    @property
    def fault(self):
        return api_trace.kill_before() if self.when == "before" else api_trace.kill_after()

    def __str__(self):
        return f"killed {self.when} '{self.id}'"


@dataclass
class Subject:
    """What is killed: a create of `name` by `words`, through `trace`, which waits at `door` in the end; `left()` tells what the
    provider still has of it, a line each."""

    docker_machine: cli.DockerMachine
    words: list
    name: str
    trace: api_trace.ApiTrace
    door: SshDoor
    left: callable

    @property
    def create(self):
        return ["create", *self.words, self.name]

    def begin(self):
        """Forgets what was said, also in the store: a create asks all that the traced one asked."""
        shutil.rmtree(self.docker_machine.store / "cache", ignore_errors=True)
        self.trace.forget()
        self.door.shut()

    def up_to_ssh(self, docker_machine=None, before=()):
        """Runs create until it waits for SSH, and kills it there."""
        running = (docker_machine or self.docker_machine).start(*before, *self.create)
        try:
            until = time.monotonic() + REACH_LIMIT
            while not self.door.reached.wait(0.02) and running.alive and time.monotonic() < until:
                pass
            if not self.door.reached.is_set():
                raise AssertionError(f"create did not come to SSH:\n{self.stopped(running)}\n{self.trace.table()}")
        finally:
            running.abandon()
        return running

    def stopped(self, running):
        """The result of a command that is killed if it does not end."""
        if running.alive:
            running.signal(signal.SIGKILL)
        return running.finish(limit=END_LIMIT)

    def finished(self, running):
        """The result of a command that ends by itself, or is killed when it waits for SSH or for too long."""
        try:
            until = time.monotonic() + END_LIMIT
            while running.alive and not self.door.reached.wait(0.01) and time.monotonic() < until:
                pass
            return self.stopped(running)
        finally:
            running.abandon()

    def died(self, words, point):
        """Runs a command that is killed at a call; it must make that call."""
        self.begin()
        self.trace.at(point.id, point.fault)
        running = self.docker_machine.start(*words)
        self.trace.watch(running)
        result = self.finished(running)
        assert not self.door.reached.is_set(), f"{point}: create came to SSH without this call\n{self.trace.table()}"
        assert result.code == -signal.SIGKILL, f"{point}: {result}\n{self.trace.table()}"
        return result

    def assert_removable(self, when):
        """`rm` of what is listed succeeds, and the provider has nothing left of it."""
        self.begin()
        if self.name in visible(self.docker_machine.store):
            listed = self.docker_machine("ls", "-q", limit=END_LIMIT).split()
            assert listed == [self.name], f"{when}: {listed}"
            removed = self.docker_machine.run("rm", "-y", self.name, limit=END_LIMIT)
            assert removed.code == 0, f"{when}: {removed}\n{self.trace.table()}"
        left = self.left()
        assert left == [], f"{when}, then rm; left:\n" + "\n".join(left) + f"\n{self.trace.table()}"
        assert visible(self.docker_machine.store) == [], when


def points_of(calls):
    """Before and after each call, and each kind of poll once."""
    ids = list(dict.fromkeys(call.id for call in calls))
    return [Point(one, when) for one in ids for when in ("before", "after")]


def traced_create(subject):
    """The ids of the calls of a whole create, as far as the provider is concerned."""
    subject.begin()
    subject.up_to_ssh()
    calls = list(subject.trace.calls)
    assert calls, "create called nobody"
    subject.assert_removable("killed when it waited for SSH")
    return calls


def assert_covered(calls, points, when):
    """A call that nobody was killed at is a hole in the test."""
    known = {point.id for point in points}
    calls = list(calls)
    unknown = [call.id for number, call in enumerate(calls) if call.id not in known and not was_refused_before(call, calls[:number])]
    # A kind of poll that the trace did not need is one more repetition of a question that it asked.
    unknown = [one for one in unknown if not (one.endswith(" again") and any(name.startswith(one[:-len("again")]) for name in known))]
    assert unknown == [], f"{when}: calls that the traced run did not make: {unknown}"


def kill_create_at_every_call(subject):
    """The points at which create was killed."""
    points = points_of(traced_create(subject))
    for point in points:
        if point.id.endswith(" again"):
            continue  # it changes nothing, and whether there is one is the provider's matter
        subject.died(subject.create, point)
        assert_covered(subject.trace.calls, points, str(point))
        subject.assert_removable(str(point))
    return points


def was_refused_before(call, earlier):
    """Whether it repeats, word for word, what the provider had refused."""
    return any(one.kind == call.kind and one.parameters == call.parameters and one.path == call.path and one.status >= 400
               for one in earlier)


def kill_rm_at_every_call(subject):
    """The points at which rm was killed; the second rm must finish the work."""
    subject.begin()
    subject.up_to_ssh()
    subject.begin()
    subject.docker_machine("rm", "-y", subject.name, limit=END_LIMIT)
    calls = list(subject.trace.calls)
    points = [point for point in points_of(calls) if not point.id.endswith(" again")]
    assert points and subject.left() == []
    repeated = {call.id for number, call in enumerate(calls) if was_refused_before(call, calls[:number])}
    for point in points:
        if point.id in repeated:
            continue  # whether the first one is refused is the provider's matter, as while an instance still ends
        subject.begin()
        subject.up_to_ssh()
        subject.died(["rm", "-y", subject.name], point)
        assert_covered(subject.trace.calls, points, f"rm {point}")
        subject.assert_removable(f"rm {point}")
    return points


def kill_create_at_every_write(subject, strace, folder, points):
    """How many writes there were; each was killed in turn, and `points` are the calls that are known."""
    trace_file = folder / "trace"
    subject.begin()
    traced = cli.DockerMachine(strace, subject.docker_machine.home)
    traced.environment = subject.docker_machine.environment
    names = ",".join("?" + name for name in WRITES)
    subject.up_to_ssh(traced, ["-f", "-qq", "-o", trace_file, "-e", f"trace={names}", subject.docker_machine.binary])
    made = re.findall(r"^\d+ +(\w+)\(", trace_file.read_text(), re.MULTILINE)
    subject.assert_removable("killed under strace")
    moments = [(name, number) for name in dict.fromkeys(made) for number in range(1, made.count(name) + 1)]
    assert moments, "create wrote nothing"
    for name, number in moments:
        when = f"killed at {name} number {number}"
        subject.begin()
        result = subject.finished(traced.start(
            "-f", "-qq", "-o", os.devnull, "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}",
            subject.docker_machine.binary, *subject.create))
        assert result.code in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{when}: {result}"
        assert_covered(subject.trace.calls, points, when)
        subject.assert_removable(when)
    return len(moments)


def find_strace():
    """strace's path, or None."""
    return shutil.which("strace")
