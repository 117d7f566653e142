"""What this computer knows of a virtual machine: its folder, its processes, its sockets, its reserved address."""

import json
import os
import signal
import time
from pathlib import Path

RESERVATIONS = Path("/var/tmp/docker-machine-addresses")
LISTENING = "0A"  # in /proc/net/tcp


class VirtualMachine:
    """The machine NAME of a store. What is read here never asks the program under test."""

    def __init__(self, store, name):
        self.name = name
        self.folder = Path(store) / "machines" / name

    @property
    def record(self):
        """The "Driver" of config.json."""
        return json.loads((self.folder / "config.json").read_text())["Driver"]

    @property
    def uuid(self):
        return self.record["UUID"]

    @property
    def address(self):
        """The reserved one, also while the machine is stopped."""
        return self.record["LoopbackAddress"]

    @property
    def ssh_port(self):
        return self.record["SSHPort"]

    @property
    def reservations(self):
        return reservations_of(self.folder)

    def processes(self):
        return processes_of(self.uuid)

    def wait_for_process(self, limit=60):
        """The process number of its qemu, as soon as that is up and has noted it."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            try:
                number = int((self.folder / "qemu.pid").read_text())
                if number in self.processes():
                    return number
            except (FileNotFoundError, ValueError, KeyError):
                pass  # not that far yet
            time.sleep(0.02)
        raise AssertionError(f"no qemu of '{self.name}' was seen within {limit} s")

    def console(self, lines=60):
        """The end of what the machine wrote to its console."""
        try:
            text = (self.folder / "console.log").read_text(errors="replace")
        except FileNotFoundError:
            return "there is no console.log"
        return "\n".join(text.splitlines()[-lines:])


def processes_of(uuid):
    """The numbers of all processes that have the UUID among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if uuid.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # it has just ended
            pass
    return found


def end_processes_of(uuid):
    for number in processes_of(uuid):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass


def reservations_of(folder):
    """The addresses that are reserved for the machine in `folder`."""
    found = []
    for file in RESERVATIONS.glob("127.*"):
        try:
            if json.loads(file.read_text())["Folder"] == str(folder):
                found.append(file.name)
        except FileNotFoundError:  # another machine has just gone
            pass
    return found


def listeners_of(number):
    """Where the process accepts TCP connections, as a set of (address, port)."""
    own = set()
    for descriptor in Path(f"/proc/{number}/fd").iterdir():
        try:
            own.add(os.readlink(descriptor))
        except FileNotFoundError:
            pass
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == LISTENING and f"socket:[{rest[5]}]" in own:
            address, port = local.split(":")
            octets = reversed(bytes.fromhex(address))  # in the byte order of the computer
            found.add((".".join(map(str, octets)), int(port, 16)))
    return found
