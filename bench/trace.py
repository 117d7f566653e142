"""Counts the processes of a command and the memory of them all, exactly, by following it with ptrace.

    trace.py FILE COMMAND...

runs the command with this program's input and output, and leaves a line of JSON in FILE:

    {"code": 0, "processes": 1, "peak_memory": 9437184, "programs": {"docker-machine": 1}}

Each process is stopped for a moment just before it ends, and its peak resident memory (VmHWM) is read then: what ends
within a millisecond is not missed, as it is when /proc is sampled, and wait4's ru_maxrss is no help, since it includes
what the parent had before exec. `peak_memory` is the largest sum of the peaks of processes that lived at the same time,
in bytes; for a command of one process that is its peak. Following takes time, so what is traced must not be timed.

A program of its own, because it waits for any child.
"""

import collections
import ctypes
import json
import os
import signal
import sys

TRACEME, CONT, SETOPTIONS, GETEVENTMSG = 0, 7, 0x4200, 0x4201
#: Follow fork, vfork and clone; stop at exec and before the end; let nothing outlive the tracer.
OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x100000
FORK, VFORK, CLONE, EXEC, EXIT = 1, 2, 3, 4, 6
WALL = 0x40000000  # waitpid: threads too

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread, data=None):
    if libc.ptrace(request, thread, None, data) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Tree:
    """What is known of a command's processes."""

    def __init__(self):
        self.peaks = {}  # of each process, in bytes
        self.names = {}
        self._events = []  # (process, 1 it has memory of its own, -1 it has not any more), in order
        self._alive = set()

    def born(self, process):
        self.peaks.setdefault(process, 0)
        self._enter(process)

    def borrowed(self, process):
        """Came to be by vfork: its memory is its parent's until it executes a program."""
        self.peaks.setdefault(process, 0)

    def executed(self, process):
        """Has a new program, and nothing of the old memory."""
        self.peaks[process] = 0
        self._enter(process)

    def seen(self, process, peak, name):
        self.names[process] = name
        if process in self._alive:
            self.peaks[process] = max(self.peaks[process], peak)

    def died(self, process):
        if process in self._alive:
            self._alive.discard(process)
            self._events.append((process, -1))

    def _enter(self, process):
        if process not in self._alive:
            self._alive.add(process)
            self._events.append((process, 1))

    @property
    def peak_memory(self):
        now = most = 0
        for process, sign in self._events:
            now += sign * self.peaks[process]
            most = max(most, now)
        return most


def status_of(thread):
    """(process, peak memory in bytes, name) of a thread, or None if it is gone."""
    try:
        with open(f"/proc/{thread}/status", encoding="utf-8", errors="replace") as file:
            rows = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(rows["Tgid"]), int(rows.get("VmHWM", "0 kB").split()[0]) * 1024, rows["Name"]


class Tracer:
    """Runs a command to the end of its last process."""

    def __init__(self, argv):
        self.tree = Tree()
        self._started = set()
        self.first = self._start(argv)

    def run(self):
        """Returns the command's exit code (minus the signal's number if one killed it)."""
        code = None
        while True:
            try:
                thread, status = os.waitpid(-1, WALL)
            except ChildProcessError:
                return code
            if os.WIFSTOPPED(status):
                self._stopped(thread, status)
                continue
            self._started.discard(thread)
            self.tree.died(thread)
            if thread == self.first:
                code = os.waitstatus_to_exitcode(status)

    def _start(self, argv):
        process = os.fork()
        if process == 0:
            try:
                ptrace(TRACEME, 0)
                os.execv(argv[0], argv)
            except OSError as error:
                print(f"{argv[0]}: {error}", file=sys.stderr)
            os._exit(127)
        _, status = os.waitpid(process, WALL)
        if not os.WIFSTOPPED(status):
            sys.exit(f"'{argv[0]}' cannot be followed with ptrace, or not be run.")
        ptrace(SETOPTIONS, process, OPTIONS)
        self.tree.born(process)
        self._started.add(process)
        ptrace(CONT, process, 0)
        return process

    def _stopped(self, thread, status):
        event, number = status >> 16, os.WSTOPSIG(status)
        if event in (FORK, VFORK, CLONE):
            child = ctypes.c_ulong()
            ptrace(GETEVENTMSG, thread, ctypes.addressof(child))
            self._announced(child.value, event)
        elif event == EXEC:
            self.tree.executed(thread)
        found = status_of(thread)
        if found:
            self.tree.seen(*found)
        if event or thread not in self._started:
            self._started.add(thread)  # a new thread begins with a stop that is ours alone
            number = 0
        try:
            ptrace(CONT, thread, number)
        except ProcessLookupError:
            pass  # killed meanwhile; waitpid will tell

    def _announced(self, child, event):
        found = status_of(child)
        if found is None or found[0] != child:
            return  # a thread, or gone already
        if event == VFORK:
            self.tree.borrowed(child)
        else:
            self.tree.born(child)


def main():
    target, *argv = sys.argv[1:]
    tracer = Tracer(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))  # EXITKILL ends the rest
    code = tracer.run()
    tree = tracer.tree
    with open(target, "w", encoding="ascii") as file:
        json.dump({"code": code, "processes": len(tree.peaks), "peak_memory": tree.peak_memory,
                   "programs": collections.Counter(tree.names[process] for process in tree.peaks
                                                   if process in tree.names)}, file)


if __name__ == "__main__":
    main()
