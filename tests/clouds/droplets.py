"""What the tests of the digitalocean driver share: a simulated cloud, droplets that are real hosts, and a create to be killed."""

import subprocess
import time

import pytest

import crash
from api_trace import ApiTrace, rest_call
from cloud_hosts import CloudHost
from digitalocean_cloud import TOKEN, Simulator
from engine import bridge_name

CREATE_LIMIT = 300
END_LIMIT = 30  # seconds until a droplet is gone
MOST_CALLS = 12  # of one create, besides polls
#: What stays when a store's last machine is gone, and costs nothing: the tags that its droplets shared.
SHARED_TAGS = ("docker-machine-store:", "docker-machine-reserved-ip")


class DropletHosts:
    """Hooks of the simulator that make each droplet a real host, of the user-data and keys that the simulator got."""

    def __init__(self, engine, kind="cloud-docker"):
        self._engine, self._kind = engine, kind
        self._hosts = {}

    @property
    def all(self):
        return list(self._hosts.values())

    def host(self, droplet_id):
        return self._hosts[droplet_id]

    def create(self, order):
        host = CloudHost(self._engine, user_data=order["user_data"].encode(), public_keys=order["public_keys"],
                         instance_id=str(order["id"]), hostname=order["name"], default_user="root", kind=self._kind, booting=True)
        self._hosts[order["id"]] = host
        return host.address

    def power(self, droplet_id, event):
        host = self._hosts[droplet_id]
        {"on": host.boot, "off": host.stop, "shutdown": host.stop, "reboot": host.reboot, "power_cycle": host.reboot}[event]()

    def network(self, droplet_id, addresses, rules):
        host = self._hosts[droplet_id]
        further = [address for address in addresses if address != host.address]
        for address in further:
            subprocess.run(["ip", "route", "replace", f"{address}/32", "dev", bridge_name(self._engine.folder)], check=True, timeout=30)
        host.set_network(further, None if rules is None else [tuple(rule) for rule in rules])

    def destroy(self, droplet_id):
        self._hosts.pop(droplet_id).remove()

    def close(self):
        for host in self.all:
            host.remove()


class _Hosts(list):
    """The hosts as a report wants them: those that there are when it is written."""

    def __init__(self, droplets):
        super().__init__()
        self._droplets = droplets

    def __iter__(self):
        return iter(self._droplets.all)


@pytest.fixture
def cloud():
    """A DigitalOcean whose droplets nobody answers for; fails its test if docker-machine went against the document."""
    # A hundred creates a minute are no user's: what limits do is the subject of tests of their own.
    with Simulator(active_after=0.6, address_after=0.3, droplet_network="127.80", reserved_network="127.81",
                   requests_per_minute=10**6, requests_per_hour=10**6) as simulator:
        yield simulator


@pytest.fixture
def droplets(engine, request):
    """A DigitalOcean whose droplets are real hosts: a Simulator, with `hosts`."""
    hosts = DropletHosts(engine, getattr(request, "param", "cloud-docker"))
    request.node.hosts = _Hosts(hosts)
    with Simulator(hooks=hosts) as simulator:
        simulator.hosts = hosts
        try:
            yield simulator
        finally:
            hosts.close()


@pytest.fixture
def make_do_trace():
    """make_do_trace(cloud): what is between docker-machine and the simulator, which checks each request itself."""
    traces = []

    def make(cloud):
        traces.append(ApiTrace(int(cloud.url.rpartition(":")[2]), rest_call))
        return traces[-1]

    yield make
    for trace in traces:
        trace.close()


@pytest.fixture
def do_subject(cloud, make_do_trace, docker_machine, ssh_door):
    """A create with all that costs money, against a DigitalOcean without hosts, which comes as far as SSH."""
    return make_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door)


def authorize(docker_machine, url):
    """Leads docker-machine to an API, with the token in its environment."""
    docker_machine.environment.update({"DIGITALOCEAN_ACCESS_TOKEN": TOKEN, "DIGITALOCEAN_API_ENDPOINT": url})
    return docker_machine


def create_words(*more):
    return ["create", "--driver", "digitalocean", *map(str, more)]


def make_subject(cloud, trace, docker_machine, ssh_door, name="web.One",
                 more=("--digitalocean-open-port", "8000", "--digitalocean-reserved-ip", "--digitalocean-project", "first-project")):
    authorize(docker_machine, trace.url)
    words = ["--driver", "digitalocean", "--digitalocean-ssh-port", str(ssh_door.port), *more]
    return crash.Subject(docker_machine, words, name, trace, ssh_door, lambda: left(cloud))


def assert_one_create(trace):
    """Few calls besides polls: of a droplet, of droplets by their tag, of an action."""
    asked = [call for call in trace.calls if not call.poll and call.kind not in ("GET /v2/droplets/ID", "GET /v2/actions/ID")
             and "tag_name=" not in call.path]
    assert len(asked) <= MOST_CALLS, trace.table()


def ended(cloud):
    """The droplets whose end has begun, and takes a while."""
    cloud.left()
    return [action.resource_id for action in cloud.account.running.values() if action.kind == "destroy"]


def left(cloud):
    """What the account has, a line each, besides the tags that a store keeps."""
    until = time.monotonic() + END_LIMIT
    while ended(cloud) and time.monotonic() < until:
        time.sleep(0.1)
    have = cloud.left()
    rows = [f"{kind} {thing}" for kind in ("droplets", "keys", "firewalls", "reserved_ips", "vpcs", "projects") for thing in have[kind]]
    return rows + [f"tag {tag}" for tag in have["tags"] if not tag.startswith(SHARED_TAGS)]
