"""Runs docker-machine as a user does: with a home of its own, a time limit, and a terminal if need be."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_BINARY = REPOSITORY / "build" / "release" / "docker-machine"
LIMIT = 60  # seconds
END_LIMIT = 10


def binary_path():
    """DM_BINARY, else the release build; FileNotFoundError with what to do if there is none."""
    path = Path(os.environ.get("DM_BINARY") or DEFAULT_BINARY).resolve()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"There is no program '{path}'. Build docker-machine first, or set DM_BINARY to it.")
    return path


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code (minus the signal's number if one killed it), its output, its time."""

    argv: tuple
    code: int
    out: str
    err: str
    seconds: float

    def __str__(self):
        return (f"{' '.join(self.argv)}\nended with {self.code} after {self.seconds:.2f} s\n"
                f"--- stdout\n{self.out}--- stderr\n{self.err}---")


class OutOfTime(AssertionError):
    """A command did not end, or did not say what it should, in its time."""


class DockerMachine:
    """The program with a private HOME. `environment` may be changed, and holds for the next command."""

    def __init__(self, binary, home):
        self.binary = Path(binary)
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.prefix = ()
        # Nothing of the user's: no agent, no proxy, no DOCKER_*, no MACHINE_*.
        self.environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TMPDIR": os.environ.get("TMPDIR", "/tmp")}

    def at(self, days):
        """The same with a clock that many days ahead, or behind if negative. A static program takes no other clock: then it
        is the one beside it that is linked with shared libraries."""
        other = DockerMachine(self.binary, self.home)
        shared = self.binary.with_name("docker-machine-shared")
        other.binary = shared if shared.exists() else self.binary
        other.environment = {**self.environment, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        other.prefix = ("faketime", "-f", f"{days:+d}d")
        return other

    @property
    def store(self):
        """The default store in this home."""
        return self.home / ".docker" / "machine"

    def __call__(self, *arguments, limit=LIMIT, **more):
        """run() of a command that must succeed; its standard output."""
        result = self.run(*arguments, limit=limit, **more)
        assert result.code == 0, str(result)
        return result.out

    def run(self, *arguments, input="", limit=LIMIT, environment=None, folder=None):
        """Runs to the end, with `input` as the whole standard input."""
        return self.start(*arguments, environment=environment, folder=folder).finish(input, limit)

    def start(self, *arguments, environment=None, folder=None):
        """Starts a command and returns a Running, for tests that signal it or look at it meanwhile."""
        argv = (*self.prefix, str(self.binary), *map(str, arguments))
        return Running(argv, {**self.environment, **(environment or {})}, folder or self.home)

    def terminal(self, *arguments, environment=None, folder=None, rows=24, columns=80):
        """Starts a command on a terminal of its own and returns a Terminal."""
        argv = (str(self.binary), *map(str, arguments))
        return Terminal(argv, {"TERM": "xterm", **self.environment, **(environment or {})}, folder or self.home,
                        rows, columns)


class Running:
    """A command with pipes. It leads a process group of its own, all of which goes when its time is over."""

    def __init__(self, argv, environment, folder):
        self.argv = argv
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            argv, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=True, preexec_fn=hear_signals)
        self.pid = self._process.pid

    @property
    def alive(self):
        return self._process.poll() is None

    def signal(self, number=signal.SIGINT):
        """Signals the command's process group, as a Ctrl-C in a terminal does."""
        os.killpg(self.pid, number)

    def finish(self, input="", limit=LIMIT):
        """Waits until the command has ended and nobody holds its output any more."""
        try:
            out, err = self._process.communicate(input, timeout=limit)
        except subprocess.TimeoutExpired:
            still = self.alive
            self.abandon()
            out, err = self._remains()
            what = "did not end" if still else "ended, but something that it started holds its output open"
            result = Result(self.argv, self._process.returncode, out, err, time.monotonic() - self._began)
            raise OutOfTime(f"within {limit} s the command {what}:\n{result}") from None
        return Result(self.argv, self._process.returncode, out, err, time.monotonic() - self._began)

    def abandon(self):
        """Kills the command's process group if any of it is left. May be called again."""
        kill_group(self.pid)
        self._process.wait(END_LIMIT)

    def _remains(self):
        try:
            return self._process.communicate(timeout=END_LIMIT)
        except subprocess.TimeoutExpired as error:  # a child of another group has the pipes
            for pipe in (self._process.stdout, self._process.stderr):
                pipe.close()
            return text_of(error.stdout), text_of(error.stderr)


def text_of(part):
    """What an unfinished communicate() has read so far comes as bytes, or as nothing."""
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else part or ""


class Terminal:
    """A command on a pseudo terminal: what it shows is in `shown`, what the user types goes in with send()."""

    def __init__(self, argv, environment, folder, rows, columns):
        self.argv = argv
        self.shown = ""
        self._from = 0
        self._closed = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        ours, theirs = pty.openpty()
        self._end = ours
        self._set_size(theirs, rows, columns)
        self._process = subprocess.Popen(argv, env=environment, cwd=folder, stdin=theirs, stdout=theirs,
                                         stderr=theirs, start_new_session=True, preexec_fn=take_terminal)
        os.close(theirs)
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def expect(self, pattern, limit=LIMIT):
        """Waits until the regular expression matches behind the last match; returns the match."""
        until = time.monotonic() + limit
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self.shown, self._from)
            if found:
                self._from = found.end()
                return found
            if not self._read(until):
                raise OutOfTime(f"'{' '.join(self.argv)}' did not show '{pattern}' (limit {limit} s), but:\n{self.shown}")

    def send(self, text):
        """Types; a line ends with "\\r", Ctrl-C is "\\x03"."""
        os.write(self._end, text.encode())

    def resize(self, rows, columns):
        """Gives the terminal another size; the kernel tells the command with SIGWINCH."""
        self._set_size(self._end, rows, columns)

    @property
    def alive(self):
        return self._process.poll() is None

    def finish(self, limit=LIMIT):
        """Waits for the end and returns the exit code (minus the signal's number if one killed it)."""
        until = time.monotonic() + limit
        while self._read(until):
            pass
        try:
            return self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise OutOfTime(f"'{' '.join(self.argv)}' did not end within {limit} s; it showed:\n{self.shown}") from None

    def close(self):
        """Hangs up, and kills what is left. May be called again."""
        if not self._closed:
            self._closed = True
            kill_group(self.pid)
            os.close(self._end)
            self._process.wait(END_LIMIT)

    def _read(self, until):
        """Takes in what comes next; False at the end or when the time is over."""
        if not select.select([self._end], [], [], max(0, until - time.monotonic()))[0]:
            return False
        try:
            block = os.read(self._end, 65536)
        except OSError:  # what Linux answers when nobody has the terminal open any more
            return False
        self.shown += self._decoder.decode(block)
        return bool(block)

    @staticmethod
    def _set_size(descriptor, rows, columns):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def hear_signals():
    """Runs in the child. Whoever started the tests may have them ignore signals, as a shell's background jobs do; the
    program honours that, and would not be interrupted."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def take_terminal():
    """Runs in the child."""
    hear_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def kill_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
