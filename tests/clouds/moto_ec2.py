"""moto's EC2 for the tests: one process on loopback, the real `aws` in front of it, and hosts that are its instances."""

import base64
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from cloud_hosts import CloudHost
from engine import bridge_name

START_LIMIT = 60  # seconds
AWS_LIMIT = 60
HOST_LIMIT = 90
GONE = ("shutting-down", "terminated")
UP = ("pending", "running")
#: What moto may have at the end of a test: the account's own.
OWN_GROUP = "default"


def find_python():
    """The python that has moto and the AWS CLI, or None: DM_MOTO_PYTHON, the one behind `moto_server`, the ones on PATH."""
    candidates = [os.environ.get("DM_MOTO_PYTHON")]
    server = shutil.which("moto_server")
    if server:
        first = Path(server).read_bytes().split(b"\n", 1)[0].decode("utf-8", "replace")
        candidates.append(first[2:].strip() if first.startswith("#!") and "python" in first else None)
    candidates += [shutil.which("python3"), "/usr/bin/python3"]
    for candidate in candidates:
        if candidate and works(candidate):
            return candidate
    return None


def works(python):
    probe = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('moto', 'werkzeug', 'botocore', 'awscli'))))"
    try:
        return subprocess.run([python, "-c", probe], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


def model_path(python):
    """Where that python's botocore keeps EC2's model."""
    code = "import botocore, pathlib; print(pathlib.Path(botocore.__file__).parent / 'data' / 'ec2' / '2016-11-15')"
    folder = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, timeout=30).stdout.strip())
    return next(path for path in (folder / "service-2.json.gz", folder / "service-2.json") if path.exists())


class Moto:
    """A running moto, which checks signatures. `addresses` are what instances get as public ones; without them they get
    127.80.0.1 and so on, where nobody answers who does not listen there. `settle` and `unseen` are seconds, and stand in
    moto_program.py. It ends with close(), and with the tests."""

    def __init__(self, python, addresses=(), settle=0.3, unseen=0, region="us-east-1"):
        self.python = python
        self.region = region
        self.changed = threading.Event()
        self._process = subprocess.Popen(
            [python, str(Path(__file__).parent / "moto_program.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
        self._stderr = []
        threading.Thread(target=lambda: self._stderr.extend(self._process.stderr), name="moto errors", daemon=True).start()
        timer = threading.Timer(START_LIMIT, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(json.dumps({"addresses": list(addresses), "settle": settle, "unseen": unseen}) + "\n")
            self._process.stdin.flush()
            said = self._process.stdout.readline()
            if not said:
                raise RuntimeError("moto did not start:\n" + "".join(self._stderr)[-4000:])
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
        ready = json.loads(said)
        self.port = ready["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = ready["access_key"], ready["secret_key"]
        threading.Thread(target=self._listen, name="moto", daemon=True).start()

    def _listen(self):
        for _ in self._process.stdout:
            self.changed.set()

    @property
    def credentials(self):
        """As environment variables, for docker-machine and aws."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def aws(self, *words, check=True):
        """Runs the real AWS CLI; what it answers as JSON, or None."""
        made = subprocess.run(
            [self.python, "-m", "awscli", *map(str, words), "--output", "json"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=AWS_LIMIT, check=False,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **self.credentials, "AWS_PAGER": "",
                 "AWS_DEFAULT_REGION": self.region, "AWS_ENDPOINT_URL": self.url})
        if check and made.returncode != 0:
            raise AssertionError(f"aws {' '.join(map(str, words))} ended with {made.returncode}:\n{made.stderr}")
        return json.loads(made.stdout) if made.stdout.strip() else None

    def state(self):
        """All that the account has; moto_program.state() says how it looks."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/harness/state", timeout=30) as answer:
            return json.load(answer)

    def instance(self, name):
        """The newest instance with this Name, in whatever state."""
        found = [one for one in self.state()["instances"] if one["tags"].get("Name") == name]
        assert found, f"there is no instance called '{name}'"
        return found[-1]

    def left(self):
        """What of it would still cost money, or be in somebody's way: a line each, nothing if all is gone."""
        known = self.state()
        living = {one["id"] for one in known["instances"] if one["state"] not in GONE}
        lines = [f"instance {one['id']} is {one['state']} {one['tags']}" for one in known["instances"] if one["id"] in living]
        lines += [f"key pair {one['name']}" for one in known["keys"]]
        lines += [f"security group {one['name']} {one['id']}" for one in known["groups"] if one["name"] != OWN_GROUP]
        lines += [f"rule {rule} in {one['name']}" for one in known["groups"] if one["name"] == OWN_GROUP for rule in one["rules"]]
        lines += [f"address {one['address']}" for one in known["addresses"]]
        lines += [f"volume {one['id']}" for one in known["volumes"]]
        lines += [f"interface {one['id']}" for one in known["interfaces"]]
        lines += [f"spot request {one['id']} is {one['state']}" for one in known["spot"]
                  if one["state"] in ("open", "active") and (one["instance"] in living or one["type"] == "persistent")]
        lines += [f"fleet {one['id']} is {one['state']}" for one in known["fleets"] if one["state"] == "active" and living]
        return lines + [f"launch template {one['name']}" for one in known["templates"]]

    def log(self):
        """The end of what moto wrote to its standard error."""
        return "".join(self._stderr)[-4000:]

    def close(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)


class InstanceHosts:
    """Gives each instance of moto a real host, which follows it: booted, stopped, started with other addresses, removed; and
    lets in what the rules of its security groups let in."""

    def __init__(self, engine, moto, kind="cloud-docker"):
        self._engine, self._moto, self._kind = engine, moto, kind
        self._hosts = {}
        self._closing = False
        self.failures = []
        self._thread = threading.Thread(target=self._follow, name="instances", daemon=True)
        self._thread.start()

    def host(self, instance_id, limit=HOST_LIMIT):
        """The host that is this instance, as soon as there is one."""
        until = time.monotonic() + limit
        while True:
            known = self._hosts.get(instance_id)
            if known and known.host:
                return known.host
            if time.monotonic() > until:
                raise TimeoutError(f"there is no host for {instance_id}: {self.failures}")
            time.sleep(0.05)

    @property
    def all(self):
        return [known.host for known in list(self._hosts.values()) if known.host]

    def close(self):
        """Removes all hosts."""
        self._closing = True
        self._moto.changed.set()
        self._thread.join(HOST_LIMIT)
        for known in self._hosts.values():
            known.want(None)
        for known in self._hosts.values():
            known.join()

    def _follow(self):
        while not self._closing:
            self._moto.changed.wait(1)
            if self._closing or not self._moto.changed.is_set():
                continue
            self._moto.changed.clear()
            try:
                self._look()
            except Exception as error:  # a thread has nobody to tell
                self.failures.append(f"following moto: {error!r}")

    def _look(self):
        known = self._moto.state()
        groups = {group["id"]: group for group in known["groups"]}
        for instance in known["instances"]:
            if instance["id"] not in self._hosts:
                if instance["state"] in GONE:
                    continue
                self._hosts[instance["id"]] = _InstanceHost(self._engine, self._kind, self.failures)
            self._hosts[instance["id"]].want({**instance, "rules": self._rules(instance, groups, known["instances"])})

    def _rules(self, instance, groups, instances):
        """The rules of its groups, as CloudHost takes them; those for another group name the hosts of its members."""
        made = []
        for rule in (rule for group in instance["groups"] for rule in groups.get(group, {}).get("rules", [])):
            ports = (-1, -1) if rule["first"] is None else (rule["first"], rule["last"])
            protocol = "all" if rule["protocol"] == "-1" else rule["protocol"]
            networks = [rule["network"]] if rule["network"] else []
            networks += [f"{self._hosts[other['id']].host.address}/32" for other in instances if rule["group"] in other["groups"]
                         and other["id"] in self._hosts and self._hosts[other["id"]].host]
            made += [(protocol, *ports, network) for network in networks]
        return sorted(set(made))


class _InstanceHost:
    """One instance's host, and the thread that makes it what moto says; only the last word counts."""

    def __init__(self, engine, kind, failures):
        self.host = None
        self._engine, self._kind, self._failures = engine, kind, failures
        self._wanted, self._ended, self._reboots = [], False, 0
        self._said = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="instance", daemon=True)
        self._thread.start()

    def want(self, instance):
        """What the instance is now; None: the tests are over."""
        with self._said:
            self._wanted = [instance]
            self._said.notify()

    def join(self):
        self._thread.join(HOST_LIMIT)

    def _work(self):
        while not self._ended:
            with self._said:
                self._said.wait_for(lambda: self._wanted)
                instance = self._wanted.pop()
            try:
                self._become(instance)
            except Exception as error:  # a thread has nobody to tell
                self._failures.append(f"{instance and instance['id']}: {error!r}")
                self._ended = instance is None or instance["state"] in GONE

    def _become(self, instance):
        if instance is None or instance["state"] in GONE:
            self._ended = True
            if self.host:
                self.host.remove()
            return
        addresses = [*instance["public"], instance["private"]]
        if instance["state"] in UP and not self.host:
            self._lead(instance["private"])
            self.host = CloudHost(
                self._engine, user_data=base64.b64decode(instance["user_data"]), public_keys=[instance["key"].strip()] if instance["key"] else [],
                instance_id=instance["id"], hostname=f"ip-{instance['private'].replace('.', '-')}", default_user=default_user(instance["image"]),
                kind=self._kind, addresses=addresses, rules=instance["rules"], booting=True)
            return
        if not self.host:
            return
        if instance["state"] not in UP:
            self.host.stop()
        self.host.set_network(addresses, instance["rules"])
        if instance["state"] in UP and not self.host.running:
            self.host.boot()
        elif instance["reboots"] > self._reboots:
            self.host.reboot()
        self._reboots = instance["reboots"]

    def _lead(self, address):
        """The VPC's addresses are reached on the bridge, as from a computer in the VPC; the route goes with the bridge."""
        subprocess.run(["ip", "route", "replace", f"{address}/32", "dev", bridge_name(self._engine.folder)], check=True, timeout=30)


def default_user(image):
    """Whom the makers of the image let in."""
    return "admin" if (image or "").startswith("debian") else "ubuntu"
