"""The private docker engine in which the hosts of one test run live."""

import hashlib
import ipaddress
import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import guard
import images
from relay import Relay

NETWORK = "hosts"
RELAY_PORT = 3142
SHORT_NAMES = "l"  # where overlay2 keeps short links to its layers, for mount's limited space
REBOOTED = "129"  # what a container ends with when the systemd in it asks for a reboot
#: Unix sockets have room for 107 bytes, and containerd makes some below ours.
LONGEST_FOLDER = 60


class Engine:
    """Debian's dockerd with a folder, socket, bridge and subnet of its own; close() leaves nothing of it."""

    def __init__(self, say, kinds):
        tars = {kind: images.build(kind, say) for kind in kinds}
        self._store = images.cache_folder() / f"store-{store_name(tars.values())}"
        runs = images.cache_folder() / "runs"
        runs.mkdir(exist_ok=True)
        self._addresses = None
        self._events = None
        self.relay = None
        self._lock = threading.Lock()
        # Held until the bridge has its subnet and the folder its guard, so that runs do not meet.
        with images.locked("runs"):
            guard.sweep(runs)
            self.folder = Path(tempfile.mkdtemp(dir=runs))
            if len(str(self.folder)) > LONGEST_FOLDER:
                self.folder.rmdir()
                raise RuntimeError(f"'{runs}' is too long a path for sockets; set DM_TEST_CACHE to a shorter one.")
            filled = self._fill()
            self._guard = start_guard(self.folder)
            try:
                self.gateway = self._make_network()
            except BaseException:
                self.close()
                raise
        try:
            if not filled:
                for kind, path in tars.items():
                    self.docker("import", str(path), image_name(kind), timeout=120)
                self._keep()
            self.relay = Relay(self.gateway, RELAY_PORT)
            self._watch_reboots()
        except BaseException:
            self.close()
            raise

    def docker(self, *arguments, input=None, timeout=60, check=True):
        """Runs the docker client against this engine; bytes in and out."""
        made = subprocess.run(
            self.docker_argv(*arguments), env=self.docker_environment(), timeout=timeout, capture_output=True,
            check=False, **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
        if check and made.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)} failed with {made.returncode}:\n"
                               + made.stderr.decode("utf-8", "replace") + made.stdout.decode("utf-8", "replace"))
        return made

    def docker_argv(self, *arguments):
        return [guard.DOCKER, "-H", guard.socket_of(self.folder), *arguments]

    def docker_environment(self):
        """Nothing of the user's contexts, certificates or other engines."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def new_address(self):
        """An address on the bridge that no host of this run has had."""
        with self._lock:
            return str(next(self._addresses))

    def close(self):
        """Ends the engine with all hosts, and waits until nothing is left. May be called again."""
        if self.relay:
            self.relay.close()
        self._guard.stdin.close()
        self._guard.wait(timeout=120)
        self._guard.stdout.close()
        if self._events:
            self._events.wait(timeout=10)
            self._events.stdout.close()

    def _fill(self):
        """Puts what the engine made of the tars in an earlier run in place, with links: nobody writes to lower layers."""
        layers = self.folder / "data" / "overlay2"
        layers.mkdir(mode=0o710, parents=True)
        if not self._store.exists():
            return False
        os.utime(self._store)
        copy_tree(self._store / "image", self.folder / "data")
        copy_tree(self._store / "overlay2" / SHORT_NAMES, layers)
        for layer in (self._store / "overlay2").iterdir():
            if layer.name != SHORT_NAMES:
                (layers / layer.name).symlink_to(layer)
        return True

    def _keep(self):
        """Moves the imported images to where later runs find them. Called before the first container exists."""
        layers = self.folder / "data" / "overlay2"
        with images.locked("store"):
            if self._store.exists() or not (layers / SHORT_NAMES).exists():
                return  # another run was quicker, or the engine has another storage driver
            draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self._store.parent))
            (draft / "overlay2").mkdir()
            copy_tree(self.folder / "data" / "image", draft)
            copy_tree(layers / SHORT_NAMES, draft / "overlay2")
            for layer in list(layers.iterdir()):
                if (layer / "diff").is_dir():
                    layer.rename(draft / "overlay2" / layer.name)
                    layer.symlink_to(self._store / "overlay2" / layer.name)
            draft.rename(self._store)

    def _make_network(self):
        subnet = free_subnet()
        self.docker("network", "create", "--subnet", str(subnet),
                    "--opt", f"com.docker.network.bridge.name={bridge_name(self.folder)}", NETWORK)
        usable = subnet.hosts()
        gateway = str(next(usable))
        self._addresses = itertools.islice(usable, 9, None)
        return gateway

    def _watch_reboots(self):
        """A container that ends does not come back by itself; a host that reboots does."""
        self._events = subprocess.Popen(
            self.docker_argv("events", "--filter", "type=container", "--filter", "event=die",
                             "--format", "{{.ID}} {{.Actor.Attributes.exitCode}}"),
            env=self.docker_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)

        def watch():
            for line in self._events.stdout:
                container, code = line.split()
                if code == REBOOTED:
                    self.docker("start", container, check=False)

        threading.Thread(target=watch, name="reboots", daemon=True).start()


def image_name(kind):
    return f"docker-machine-host/{kind}"


def bridge_name(folder):
    return f"dmt-{folder.name}"[:15]


def store_name(tars):
    """Names the imported form of these tars for the engine that is installed."""
    version = subprocess.run([guard.DOCKERD, "--version"], check=True, capture_output=True, text=True,
                             timeout=30).stdout
    text = "\0".join([version, *(path.name for path in tars)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def copy_tree(source, folder):
    """Copies a tree of small files and links into a folder."""
    subprocess.run(["cp", "--archive", str(source), str(folder)], check=True, timeout=60)


def start_guard(folder):
    process = subprocess.Popen(
        [sys.executable, str(Path(guard.__file__).resolve()), str(folder), bridge_name(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    readable, _, _ = select.select([process.stdout], [], [], guard.START_LIMIT + 15)
    answer = process.stdout.readline() if readable else "it does not answer"
    if answer.strip() != "ready":
        process.stdin.close()
        rest = process.communicate(timeout=60)[0] if readable else ""
        raise RuntimeError(f"The docker engine for the tests: {answer}{rest}")
    return process


def free_subnet():
    """A /24 that overlaps with no address and no route of this computer."""
    taken = []
    for command in (["ip", "-json", "-4", "address"], ["ip", "-json", "-4", "route", "show", "table", "all"]):
        for row in json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout or b"[]"):
            for info in row.get("addr_info", []):
                taken.append(ipaddress.ip_network(f"{info['local']}/{info['prefixlen']}", strict=False))
            if row.get("dst", "default") != "default":
                taken.append(ipaddress.ip_network(row["dst"], strict=False))
    for number in range(256):
        subnet = ipaddress.ip_network(f"10.213.{number}.0/24")
        if not any(subnet.overlaps(other) for other in taken if other.prefixlen > 0):
            return subnet
    raise RuntimeError("No subnet of 10.213.0.0/16 is free on this computer for the hosts of the tests.")
