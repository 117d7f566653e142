"""What is measured with: two programs, stores full of machines, addresses that refuse or are silent, and hosts."""

import contextlib
import itertools
import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from measure import Failed

HARNESS = Path(__file__).resolve().parents[1] / "tests" / "hosts"
sys.path.insert(0, str(HARNESS))


@dataclass
class Program:
    """A docker-machine that is measured. `label` is ours or other."""

    label: str
    path: Path
    folder: Path  # private to it: its home, its stores
    argv0: str = field(init=False)
    version: str = field(init=False)

    def __post_init__(self):
        # The original starts "docker-machine" from PATH for each machine: that must be itself.
        command = self.folder / "bin" / "docker-machine"
        command.parent.mkdir(parents=True)
        command.symlink_to(self.path)
        self.argv0 = str(command)
        self.version = subprocess.run([self.argv0, "version"], env=self.environment(self.folder / "store"), check=True,
                                      capture_output=True, text=True, timeout=60).stdout.strip()

    def environment(self, store):
        """Nothing of the user's: no agent, no proxy, no DOCKER_*, no MACHINE_*."""
        return {"HOME": str(self.folder), "MACHINE_STORAGE_PATH": str(store), "LANG": "C.UTF-8", "SHELL": "/bin/bash",
                "PATH": f"{self.folder}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}


class Lab:
    """Makes things when they are first asked for, and leaves nothing of them. All stays on this computer."""

    def __init__(self):
        self._open = contextlib.ExitStack()
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._made = {}
        self._numbers = itertools.count()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._open.close()

    def program(self, label, path):
        return Program(label, path, self.folder / label)

    def keep(self, thing):
        """Closes it when all is over; the thing."""
        return self._open.enter_context(contextlib.closing(thing))

    def once(self, key, make):
        """What `make` made for this key, the first time."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # Stores

    @contextlib.contextmanager
    def empty_store(self, program):
        store = program.folder / f"store-{next(self._numbers)}"
        store.mkdir(mode=0o700)
        try:
            yield store
        finally:
            shutil.rmtree(store)

    @contextlib.contextmanager
    def store_with_certificates(self, program):
        """A store without machines, whose certificates the program made earlier."""
        with self.empty_store(program) as store:
            shutil.copytree(self._seed(program) / "certs", store / "certs")
            yield store

    def store_of(self, program, count, kind):
        """A store with so many machines of the driver none: m0, m1, ..., each with an address of its own that is
        refused or silent."""
        return self.once((program.label, count, kind), lambda: self._fill(program, count, getattr(self, kind)))

    def _fill(self, program, count, addresses):
        seed = self._seed(program)
        pattern = json.loads((seed / "machines" / "seed" / "config.json").read_text("utf-8"))
        store = program.folder / f"machines-{next(self._numbers)}"
        shutil.copytree(seed / "certs", store / "certs")
        for number in range(count):
            machine = store / "machines" / f"m{number}"
            machine.mkdir(mode=0o700, parents=True)
            address = addresses(number)
            text = json.dumps(renamed(pattern, str(seed), str(store), machine.name, address), indent=4)
            (machine / "config.json").write_text(text, "utf-8")
        return store

    def store_with_records(self, program, driver, records):
        """A store with a machine of that driver for each record, by its name; keys that a record lacks have the driver's
        defaults."""
        seed = self._seed(program)
        pattern = json.loads((seed / "machines" / "seed" / "config.json").read_text("utf-8"))
        store = program.folder / f"machines-{next(self._numbers)}"
        shutil.copytree(seed / "certs", store / "certs")
        for name, record in records.items():
            config = renamed(pattern, str(seed), str(store), name, record["IPAddress"])
            config["DriverName"] = driver
            config["Driver"] = {**{key: value for key, value in config["Driver"].items() if key != "URL"}, **record}
            (store / "machines" / name).mkdir(mode=0o700, parents=True)
            (store / "machines" / name / "config.json").write_text(json.dumps(config, indent=4), "utf-8")
        return store

    def cloud(self, program, make, count):
        """What bench/clouds.py makes, once for each program."""
        return self.once((program.label, make.__name__, count), lambda: make(self, program, count))

    def _seed(self, program):
        """A store in which the program itself has made one machine of the driver none."""
        def make():
            store = program.folder / "seed"
            made = subprocess.run([program.argv0, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "seed"],
                                  env=program.environment(store), capture_output=True, text=True, timeout=120,
                                  check=False)
            if made.returncode != 0:
                raise Failed(f"'{program.path} create -d none' ended with {made.returncode}:\n{made.stdout}{made.stderr}")
            return store
        return self.once((program.label, "seed"), make)

    # Addresses

    def refused(self, number):
        """127.a.b.c:port, another one for each number; a connection to it is refused at once."""
        return f"{loopback(number)}:{self.once('refused', lambda: self._port(silent=False))}"

    def silent(self, number):
        """Likewise; a connection to it gets no answer, neither yes nor no."""
        return f"{loopback(number)}:{self.once('silent', lambda: self._port(silent=True))}"

    def _port(self, silent):
        """A port of all loopback addresses. Bound and not listening it refuses, and is nobody else's. Listening with
        its queue of new connections full, it is silent: the kernel drops whatever asks for one more."""
        server = self._open.enter_context(socket.socket())
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        server.bind(("0.0.0.0", 0))
        port = server.getsockname()[1]
        if silent:
            server.listen(0)
            while connects(waiting := self._open.enter_context(socket.socket()), loopback(0), port):
                pass
            waiting.close()
        return port

    # Hosts

    @property
    def engine(self):
        def make():
            import images
            from engine import Engine
            if os.geteuid() != 0:
                raise Failed("Hosts need root: they are containers of a docker engine that is started for them.")
            return self._open.enter_context(contextlib.closing(
                Engine(lambda text: print(text, file=sys.stderr), images.HOST_KINDS)))
        return self.once("engine", make)

    @property
    def key(self):
        def make():
            from host import make_key
            return make_key(self.folder / "id_ed25519")
        return self.once("key", make)

    @contextlib.contextmanager
    def docker_host(self):
        """A new Debian with docker, booted to the end, and nothing of docker-machine on it."""
        from host import Host
        host = Host(self.engine, "docker", self.key)
        try:
            host.wait_for_engine()
            host.wait_for_boot()
            yield host
        finally:
            host.remove()

    @contextlib.contextmanager
    def distant(self, host, round_trip):
        """(address, proxy for SSH, proxy for the engine) through which the host is so many seconds away."""
        from proxy import Proxy
        address = loopback(secrets.randbelow(1 << 14))
        with Proxy(host.address, 22, round_trip=round_trip, listen=address) as ssh, \
                Proxy(host.address, 0, round_trip=round_trip, listen=address) as docker:
            docker.target = (host.address, docker.port)  # an engine listens on the port that its users know
            yield address, ssh, docker


def renamed(pattern, seed, store, name, address):
    """The pattern's config.json for another machine in another store."""
    config = json.loads(json.dumps(pattern).replace(seed, store))
    config["Name"] = config["Driver"]["MachineName"] = name
    config["Driver"]["IPAddress"] = address
    config["Driver"]["URL"] = f"tcp://{address}"
    options = config["HostOptions"]["AuthOptions"]
    for key in ("ServerCertPath", "ServerKeyPath", "StorePath"):
        options[key] = options[key].replace("/machines/seed", f"/machines/{name}")
    return config


def loopback(number):
    """One of 16384 addresses that are hardly anybody's."""
    return f"127.77.{number >> 8 & 0x3f}.{number & 0xff}"


def connects(client, address, port):
    """Whether a connection is made, at once as on loopback it is."""
    client.setblocking(False)
    client.connect_ex((address, port))
    return bool(select.select([], [client], [], 0.3)[1])
