"""What is measured: one function for each case, and the table of them.

A case gets the lab and a program, and is a context: it makes what one run needs, gives a Job, and clears away after the run.
"""

import contextlib
from dataclasses import dataclass, field
from typing import Callable

import clouds
from measure import Failed

SILENCE_LIMIT = 2  # seconds that ls waits for a machine that never answers


@dataclass(frozen=True)
class Job:
    """One command. `check` gets its output and raises Failed if it is not what was asked for; `counts` tells, after
    the run, what else there was to count."""

    arguments: list
    store: object
    check: Callable = lambda out: None
    counts: Callable = dict


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    repeat: int
    job: Callable
    options: dict = field(default_factory=dict)


@contextlib.contextmanager
def version(lab, program):
    with lab.empty_store(program) as store:
        yield Job(["version"], store, contains("docker-machine version"))


@contextlib.contextmanager
def url(lab, program):
    yield Job(["url", "m0"], lab.store_of(program, 1, "refused"), contains(f"tcp://{lab.refused(0)}"))


@contextlib.contextmanager
def ls(lab, program, machines, kind, arguments=()):
    yield Job(["ls", *arguments], lab.store_of(program, machines, kind), rows(machines))


@contextlib.contextmanager
def ls_cloud(lab, program, machines, account):
    store, trace = lab.cloud(program, account, machines)
    before = len(trace.calls)
    yield Job(["ls"], store, all_running(machines), lambda: {"api_calls": len(trace.calls) - before})


@contextlib.contextmanager
def create_none(lab, program, certificates):
    with (lab.store_with_certificates if certificates else lab.empty_store)(program) as store:
        yield Job(["create", "-d", "none", "--url", f"tcp://{lab.refused(0)}", "dev"], store, made(store))


@contextlib.contextmanager
def create_generic(lab, program):
    with lab.docker_host() as host, lab.store_with_certificates(program) as store:
        yield Job(["create", "-d", "generic", "--generic-ip-address", host.address,
                   "--generic-ssh-key", str(lab.key), "dev"], store, made(store))


@contextlib.contextmanager
def create_distant(lab, program, round_trip):
    with lab.docker_host() as host, lab.store_with_certificates(program) as store, \
            lab.distant(host, round_trip) as (address, ssh, docker):
        def counts():
            return {"ssh_connections": ssh.counts.connections, "engine_connections": docker.counts.connections}

        yield Job(["create", "-d", "generic", "--generic-ip-address", address, "--generic-ssh-port", str(ssh.port),
                   "--generic-engine-port", str(docker.port), "--generic-ssh-key", str(lab.key), "dev"],
                  store, made(store), counts)


def contains(text):
    def check(out):
        if text not in out:
            raise Failed(f"The output lacks '{text}':\n{out}")
    return check


def rows(machines):
    def check(out):
        if len(out.splitlines()) != machines + 1:
            raise Failed(f"ls shows not {machines} machines, but:\n{out[:2000]}")
    return check


def all_running(machines):
    def check(out):
        running = [line for line in out.splitlines() if " Running " in line]
        if len(running) != machines:
            raise Failed(f"ls shows {len(running)} machines that run, not {machines}:\n{out[:2000]}")
    return check


def made(store):
    def check(out):
        if not (store / "machines" / "dev" / "config.json").is_file():
            raise Failed(f"There is no machine after create:\n{out}")
    return check


SILENT = {"kind": "silent", "arguments": ("--timeout", str(SILENCE_LIMIT))}
CASES = [
    Case("version", "the program's start", 30, version),
    Case("url", "what is known of one machine", 30, url),
    Case("ls-50", "50 machines of the driver none; their ports refuse", 15, ls, {"machines": 50, "kind": "refused"}),
    Case("ls-500", "500 of them", 7, ls, {"machines": 500, "kind": "refused"}),
    Case("ls-50-silent", f"50 addresses that never answer; --timeout {SILENCE_LIMIT}", 3, ls,
         {"machines": 50, **SILENT}),
    Case("ls-500-silent", "500 of them", 3, ls, {"machines": 500, **SILENT}),
    Case("ls-500-digitalocean", "500 droplets of one account, simulated; their engines refuse", 3, ls_cloud,
         {"machines": 500, "account": clouds.droplets}),
    Case("ls-500-amazonec2", "500 instances of one region in moto; their engines refuse", 3, ls_cloud,
         {"machines": 500, "account": clouds.instances}),
    Case("create-none-first", "driver none; makes the store's certificates", 7, create_none, {"certificates": False}),
    Case("create-none", "driver none; certificates are there", 15, create_none, {"certificates": True}),
    Case("create-generic", "a new Debian with docker, on this computer", 5, create_generic),
    Case("create-generic-100ms", "likewise, through proxies that add 100 ms of round trip", 5, create_distant,
         {"round_trip": 0.1}),
]
