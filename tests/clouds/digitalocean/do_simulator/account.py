"""The state of one DigitalOcean account: what exists, what is under way, and how fast things happen."""

import itertools
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone

from . import catalogue


class ApiError(Exception):
    """An answer that refuses: status, DigitalOcean's word for it and its sentence."""

    def __init__(self, status, word, message):
        super().__init__(message)
        self.status, self.word, self.message = status, word, message


def unprocessable(message):
    return ApiError(422, "unprocessable_entity", message)


def not_found(message="The resource you were accessing could not be found."):
    return ApiError(404, "not_found", message)


class Clock:
    """Seconds since 1970, which a test can move forward; a frozen one moves in no other way."""

    def __init__(self, frozen=False):
        self._frozen = time.time() if frozen else None
        self._offset = 0.0

    def now(self):
        return (self._frozen or time.time()) + self._offset

    def advance(self, seconds):
        self._offset += seconds


def date(seconds):
    """A moment as DigitalOcean writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Settings:
    """What a test may change at any time. Delays are in seconds."""

    token: str = "simulated-token"
    droplet_limit: int = 25
    reserved_ip_limit: int = 3
    requests_per_hour: int = 5000
    requests_per_minute: int = 250
    # A new droplet is answered with 404 and listed nowhere until then.
    visible_after: float = 0.2
    # How much later than that a filter by tag notices a droplet, its tags, and that it is gone.
    tag_lag: float = 0.4
    address_after: float = 0.5
    active_after: float = 1.0
    action_seconds: float = 0.3
    gone_after: float = 0.3
    # A shutdown is a request to the guest; where it does not listen, the action ends as `errored`.
    guest_obeys_shutdown: bool = True
    # DigitalOcean no longer promises that `locked` is true while an action runs; that the next action is refused, it does.
    locked_while_pending: bool = True
    # DigitalOcean ignores query parameters and nulls that its document does not have; other people's clients rely on it.
    tolerant: bool = False
    account_status: str = "active"
    # The first two bytes of addresses; the blocks kept for benchmarks, which are nobody's.
    droplet_network: str = "198.18"
    reserved_network: str = "198.19"


@dataclass
class Action:
    """Something that takes a while. It ends when its time has come and its work (a hook's run), if any, is done."""

    id: int
    kind: str
    resource_id: int
    resource_type: str
    region: str
    started: float
    due: float
    effect: object = None
    work: Future | None = None
    fails: bool = False
    status: str = "in-progress"
    completed: float | None = None


@dataclass
class Droplet:
    """A droplet as it really is, whatever a client may see of it yet."""

    id: int
    name: str
    region: str
    size: str
    image: dict
    created: float
    vpc: str
    private_address: str
    user_data: str = ""
    key_ids: list = field(default_factory=list)
    features: list = field(default_factory=list)
    public_networking: bool = True
    status: str = "new"
    address: str | None = None
    address_ready: bool = False
    v6_address: str | None = None
    # Name of a tag to the moment when it was put on, and the same for tags taken off.
    tags: dict = field(default_factory=dict)
    former_tags: dict = field(default_factory=dict)
    destroyed: float | None = None
    # What the hooks were told last of the ways to it; see networks.py.
    reach: dict | None = None


class NoHooks:
    """What a harness may put in its place, to make a droplet lead to a real host. Called in threads; may take long.

    An exception lets the action end as `errored` and the simulator's final check fail.
    """

    def create(self, order):
        """Starts the host of a droplet; the answer is its public IPv4 address, None for one of the simulator's choice.

        `order` has id, name, region, size, image, user_data, public_keys, tags and wanted_address.
        """

    def power(self, droplet_id, event):
        """`event` is on, off, shutdown, reboot or power_cycle."""

    def destroy(self, droplet_id):
        """The droplet's host ends for good."""

    def network(self, droplet_id, addresses, rules):
        """Other addresses lead to it than the one at first, or a firewall holds for it; called at each change.

        `rules` is what may come in, as [protocol, first port, last port, network] with -1 for all ports; None for everything.
        """


class Account:
    """Everything that a token owns. Its methods are called with `lock` held."""

    def __init__(self, settings, clock, hooks=None):
        self.settings, self.clock, self.hooks = settings, clock, hooks or NoHooks()
        self.lock = threading.RLock()
        self.droplets, self.tombstones = {}, {}
        self.keys, self.firewalls, self.reserved_ips, self.tags = {}, {}, {}, {}
        # All actions, and of them those in progress.
        self.actions, self.running = {}, {}
        # (moment, future, function): what happens at that moment, but not before the future is done.
        self.waiting = []
        # Sentences on what went wrong in the simulator or its hooks: a test with any of them fails.
        self.faults = []
        self._ids = {"droplet": itertools.count(412345678), "action": itertools.count(2100000001), "key": itertools.count(45000001)}
        self._addresses = itertools.count(1)
        self._workers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="hook")
        self._last_work = {}
        self.owner = str(uuid.uuid4())
        self.vpcs = {vpc["id"]: vpc for vpc in self._default_vpcs()}
        self.projects = {}
        project = self.add_project({"name": "first-project", "purpose": "Just trying out DigitalOcean"}, is_default=True)
        self.default_project = project["id"]

    def close(self):
        """Waits for the hooks that run; those that wait for their turn do not begin any more."""
        self._workers.shutdown(cancel_futures=True)

    def _default_vpcs(self):
        for number, region in enumerate(catalogue.OPEN_REGIONS):
            yield {"id": str(uuid.uuid4()), "name": f"default-{region}", "region": region, "default": True, "description": "",
                   "ip_range": f"10.{100 + number}.0.0/20", "created_at": date(self.clock.now()), "hosts": itertools.count(2)}

    def add_project(self, wanted, is_default=False):
        now = date(self.clock.now())
        project = {"id": str(uuid.uuid4()), "owner_uuid": self.owner, "owner_id": 258992, "name": wanted["name"],
                   "description": wanted.get("description", ""), "purpose": wanted["purpose"],
                   "environment": wanted.get("environment", "Development"), "is_default": is_default,
                   "created_at": now, "updated_at": now}
        self.projects[project["id"]] = {"project": project, "resources": {}}
        return project

    def next_id(self, kind):
        return next(self._ids[kind])

    def next_address(self):
        number = next(self._addresses)
        return f"{self.settings.droplet_network}.{number // 250 % 250}.{number % 250 + 1}"

    def run_hook(self, hook, droplet_id, *arguments):
        """Runs a hook beside the requests, after those that run for the same droplet already."""
        if type(self.hooks) is NoHooks:
            nothing = Future()
            nothing.set_result(None)
            return nothing
        before = self._last_work.get(droplet_id)

        def run():
            if before:
                before.exception()
            return hook(*arguments)

        self._last_work[droplet_id] = self._workers.submit(run)
        return self._last_work[droplet_id]

    def begin(self, kind, resource_id, resource_type, region, seconds, effect=None, work=None, fails=False):
        """Notes an action, which `settle` ends."""
        now = self.clock.now()
        action = Action(self.next_id("action"), kind, resource_id, resource_type, region, now, now + seconds, effect, work, fails)
        self.actions[action.id] = self.running[action.id] = action
        return action

    def pending(self, droplet_id):
        """The action that keeps others off a droplet, or None."""
        return next((action for action in self.running.values()
                     if (action.resource_type, action.resource_id) == ("droplet", droplet_id)), None)

    def settle(self):
        """Ends the actions whose time has come."""
        now = self.clock.now()
        ready = [entry for entry in self.waiting if now >= entry[0] and entry[1].done()]
        self.waiting = [entry for entry in self.waiting if entry not in ready]
        for _, work, effect in ready:
            if not work.exception():
                effect()
        for action in list(self.running.values()):
            if now < action.due or (action.work and not action.work.done()):
                continue
            del self.running[action.id]
            trouble = action.work.exception() if action.work else None
            if trouble:
                self.faults.append(f"hook for {action.kind} of {action.resource_id}: {trouble!r}")
            action.status = "errored" if trouble or action.fails else "completed"
            action.completed = now
            if action.effect and action.status == "completed":
                action.effect()
        late = self.settings.tag_lag
        self.tombstones = {number: droplet for number, droplet in self.tombstones.items() if now < droplet.destroyed + late}

    def droplet(self, number):
        """A droplet that clients can see by its id."""
        droplet = self.droplets.get(number)
        if droplet is None or self.clock.now() < droplet.created + self.settings.visible_after:
            raise not_found()
        return droplet

    def droplets_in_sight(self):
        now = self.clock.now()
        return [droplet for droplet in self.droplets.values() if now >= droplet.created + self.settings.visible_after]

    def droplets_by_tag(self, name):
        """What the index of tags says, which is late."""
        horizon, wanted = self.clock.now() - self.settings.tag_lag, name.lower()

        def known(droplet):
            tags = {tag.lower(): since for tag, since in droplet.tags.items()}
            former = {tag.lower(): until for tag, until in droplet.former_tags.items()}
            put_on = wanted in tags and max(tags[wanted], droplet.created + self.settings.visible_after) <= horizon
            return put_on or former.get(wanted, 0) > horizon

        return [droplet for droplet in [*self.tombstones.values(), *self.droplets_in_sight()] if known(droplet)]

    def tag_name(self, name):
        """The spelling under which a tag exists (their names differ by more than case), or None."""
        return next((tag for tag in self.tags if tag.lower() == name.lower()), None)

    def make_tags(self, names):
        """Creates what is missing of some tags; the answer is their spellings."""
        for name in names:
            if self.tag_name(name) is None:
                self.tags[name] = self.clock.now()
        return [self.tag_name(name) for name in names]

    def left(self):
        """What exists and would be paid for or lie about, by kind."""
        return {
            "droplets": [{"id": d.id, "name": d.name, "region": d.region, "status": d.status, "address": d.address,
                          "tags": list(d.tags), "user_data": d.user_data} for d in self.droplets.values()],
            "keys": [dict(key) for key in self.keys.values()],
            "firewalls": [{"id": f["id"], "name": f["name"], "droplet_ids": f["droplet_ids"], "tags": f["tags"]}
                          for f in self.firewalls.values()],
            "reserved_ips": [{"ip": r["ip"], "region": r["region"], "droplet_id": r["droplet_id"]} for r in self.reserved_ips.values()],
            "tags": list(self.tags),
            "vpcs": [v["name"] for v in self.vpcs.values() if not v["default"]],
            "projects": [p["project"]["name"] for p in self.projects.values() if not p["project"]["is_default"]],
        }
