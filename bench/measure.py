"""Runs a command once: timed and otherwise left alone, or followed for its memory and processes."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT = 300  # seconds, for any command
TRACE = Path(__file__).with_name("trace.py")


class Failed(Exception):
    """A command did not do what is measured, so that its figures mean nothing."""


@dataclass(frozen=True)
class Footprint:
    """What a command took beside time."""

    processes: int
    peak_memory: int  # bytes, of all processes together
    programs: dict  # name: how many


def timed(argv, environment, folder):
    """(seconds from before its start until it has ended, its standard output)."""
    out, err = folder / "out", folder / "err"
    started, ended, code = run(argv, environment, out, err)
    expect_success(argv, code, out, err)
    return ended - started, out.read_text("utf-8", "replace")


def footprint(argv, environment, folder):
    """(Footprint, standard output) of the same command, some times slower."""
    out, err, result = folder / "out", folder / "err", folder / "footprint"
    _, _, code = run([sys.executable, str(TRACE), str(result), *argv], environment, out, err)
    if code != 0:
        raise Failed(f"Following '{' '.join(argv)}' failed:\n{tail(err)}")
    found = json.loads(result.read_text("ascii"))
    expect_success(argv, found.pop("code"), out, err)
    return Footprint(**found), out.read_text("utf-8", "replace")


def run(argv, environment, out, err):
    """(start, end, exit code), on time.monotonic's clock. The group of the command is killed after LIMIT."""
    process = 0

    def stop():
        with contextlib.suppress(ProcessLookupError):
            if process:
                os.killpg(process, signal.SIGKILL)

    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, str(out), write, 0o600), (os.POSIX_SPAWN_OPEN, 2, str(err), write, 0o600)]
    alarm = threading.Timer(LIMIT, stop)
    alarm.start()
    try:
        started = time.monotonic()
        process = os.posix_spawn(argv[0], argv, environment, file_actions=actions, setsid=True)
        _, status = os.waitpid(process, 0)
        ended = time.monotonic()
    except BaseException:
        stop()
        raise
    finally:
        alarm.cancel()
    return started, ended, os.waitstatus_to_exitcode(status)


def expect_success(argv, code, out, err):
    if code != 0:
        raise Failed(f"'{' '.join(argv)}' ended with {code}:\n{tail(out)}{tail(err)}")


def tail(path):
    return path.read_text("utf-8", "replace")[-2000:]
