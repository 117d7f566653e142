"""What a test does with the simulated DigitalOcean: spoil requests, act as the owner, make droplets lead to hosts."""

import http.client
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from digitalocean_cloud import SMALL, Caller, Simulator, call, cloud, droplet, public_key, until
from do_simulator import NoHooks

SERVE = Path(__file__).resolve().parent / "digitalocean" / "serve.py"
QUICK = {"visible_after": 0, "address_after": 0, "active_after": 0, "action_seconds": 0, "gone_after": 0}


def test_the_next_request_fails(cloud, call):
    cloud.fail("droplets_create", status=503, word="service_unavailable", message="later", skip=1, times=2, headers={"retry-after": 3})
    answers = [call("POST", "/v2/droplets", SMALL) for _ in range(4)]
    assert [answer.status for answer in answers] == [202, 503, 503, 202]
    assert (answers[1].error, answers[1].headers["retry-after"]) == ((503, "service_unavailable", "later"), "3")
    assert len(cloud.left()["droplets"]) == 2
    assert [(record["operation"], record["status"]) for record in cloud.requests] == [
        ("droplets_create", status) for status in (202, 503, 503, 202)]


@pytest.mark.parametrize("obey", [True, False])
def test_an_answer_is_lost(cloud, call, obey):
    cloud.fail("droplets_create", cut=True, obey=obey)
    with pytest.raises(http.client.RemoteDisconnected):
        call("POST", "/v2/droplets", SMALL)
    assert len(cloud.left()["droplets"]) == obey
    assert cloud.requests[0]["status"] == 0 and json.loads(cloud.requests[0]["body"]) == SMALL
    assert call("POST", "/v2/droplets", SMALL).status == 202


def test_a_slow_answer(cloud, call):
    cloud.fail("account_get", delay=0.3)
    begin = time.monotonic()
    assert call("GET", "/v2/account").status == 200
    assert time.monotonic() - begin >= 0.3


def test_an_observer_sees_each_request_before_and_after(cloud, call):
    seen = []
    cloud.api.observer = lambda moment, record: seen.append((moment, record["operation"], len(cloud.account.droplets), record["status"]))
    call("POST", "/v2/droplets", SMALL)
    assert seen == [("arrived", "droplets_create", 0, None), ("obeyed", "droplets_create", 1, None)]


def test_many_clients_at_once(cloud, call):
    cloud.set(droplet_limit=10)
    with ThreadPoolExecutor(24) as clients:
        statuses = list(clients.map(lambda number: call("POST", "/v2/droplets", {**SMALL, "name": f"m{number}"}).status, range(24)))
    assert sorted(statuses) == [202] * 10 + [422] * 14
    assert len({left["id"] for left in cloud.left()["droplets"]}) == 10


def test_the_owner_at_the_console(cloud, call, droplet):
    def shown():
        return call("GET", f"/v2/droplets/{droplet}").body["droplet"]

    cloud.owner.power_off(droplet)
    assert shown()["status"] == "off"
    cloud.owner.set_address(droplet, "192.0.2.9")
    cloud.owner.power_on(droplet)
    cloud.owner.tag(droplet, "theirs")
    cloud.owner.rename(droplet, "theirs")
    assert (shown()["status"], shown()["name"], shown()["tags"]) == ("active", "theirs", ["theirs"])
    assert shown()["networks"]["v4"][0]["ip_address"] == "192.0.2.9"
    cloud.owner.untag(droplet, "theirs")
    assert shown()["tags"] == []
    cloud.owner.destroy(droplet)
    assert call("GET", f"/v2/droplets/{droplet}").status == 404
    assert [record["method"] for record in cloud.requests if record["method"] != "GET"] == ["POST"]


def test_the_second_server(cloud, call, droplet):
    control = Caller(cloud.control_url)
    assert control("GET", "/left").body == json.loads(json.dumps(cloud.left()))
    assert control("POST", "/settings", {"droplet_limit": 1}).status == 200
    assert control("POST", "/settings", {"droplets": 1}).status == control("POST", f"/droplets/{droplet}/explode", {}).status == 400
    assert control("GET", "/settings").body["droplet_limit"] == 1 and call("POST", "/v2/droplets", SMALL).status == 422
    control("POST", "/fail", {"operation": "account_get", "status": 500})
    assert call("GET", "/v2/account").status == 500
    control("POST", f"/droplets/{droplet}/set_address", {"address": "192.0.2.9"})
    control("POST", f"/droplets/{droplet}/power_off", {})
    assert (cloud.left()["droplets"][0]["status"], cloud.left()["droplets"][0]["address"]) == ("off", "192.0.2.9")
    assert control("GET", "/requests").body[0]["operation"] == "droplets_create"
    call("GET", "/v2/droplets?tag=x")
    assert "'tag'" in control("GET", "/problems").body["violations"][0]
    cloud.take_violations()
    before = cloud.clock.now()
    control("POST", "/advance", {"seconds": 5})
    assert cloud.clock.now() == before + 5
    control("POST", f"/droplets/{droplet}/destroy", {})
    assert cloud.left()["droplets"] == []


class Hosts(NoHooks):
    """Hooks that note what they are asked for, and wait to be let go."""

    def __init__(self):
        self.calls, self.go = [], threading.Event()

    def create(self, order):
        self.calls.append(("create", order))
        assert self.go.wait(30)
        return "127.93.7.2" if order["name"] == "own" else None

    def power(self, droplet_id, event):
        self.calls.append((event, droplet_id))

    def destroy(self, droplet_id):
        self.calls.append(("destroy", droplet_id))




def _droplet(call, number):
    return call("GET", f"/v2/droplets/{number}").body["droplet"]


def _public(shown):
    return [network["ip_address"] for network in shown["networks"]["v4"] if network["type"] == "public"]


@pytest.mark.parametrize("name", ["own", "any"])
def test_a_hook_makes_the_host_and_gives_its_address(name):
    hosts, line = Hosts(), public_key()
    with Simulator(hosts, **QUICK) as simulator:
        call = Caller(simulator.url)
        key = call("POST", "/v2/account/keys", {"name": "k", "public_key": line}).body["ssh_key"]
        made = call("POST", "/v2/droplets", {**SMALL, "name": name, "user_data": "#cloud-config\n", "ssh_keys": [key["id"]]}).body
        number = made["droplet"]["id"]
        until(lambda: hosts.calls)
        [(event, order)] = hosts.calls
        assert (event, order["id"], order["user_data"], order["public_keys"]) == ("create", number, "#cloud-config\n", [line])
        assert (_droplet(call, number)["status"], _public(_droplet(call, number))) == ("new", [])
        hosts.go.set()
        until(lambda: _droplet(call, number)["status"] == "active")
        assert _public(_droplet(call, number)) == ["127.93.7.2" if name == "own" else order["wanted_address"]]
        for kind, status in (("power_off", "off"), ("power_on", "active"), ("reboot", "active"), ("shutdown", "off")):
            action = call("POST", f"/v2/droplets/{number}/actions", {"type": kind}).body["action"]
            until(lambda: call("GET", f"/v2/actions/{action['id']}").body["action"]["status"] == "completed")
            assert _droplet(call, number)["status"] == status
        simulator.owner.power_on(number)
        assert call("DELETE", f"/v2/droplets/{number}").status == 204
        until(lambda: simulator.left()["droplets"] == [])
    assert hosts.calls[1:] == [(event, number) for event in ("off", "on", "reboot", "shutdown", "on", "destroy")]


def test_hooks_hear_of_firewalls_and_reserved_ips():
    hosts = Hosts()
    hosts.go.set()
    hosts.network = lambda *what: hosts.calls.append(what)
    with Simulator(hosts, **QUICK) as simulator:
        call = Caller(simulator.url)
        number = call("POST", "/v2/droplets", {**SMALL, "name": "own", "tags": ["web"]}).body["droplet"]["id"]
        until(lambda: simulator.left()["droplets"][0]["status"] == "active")
        source = {"addresses": ["0.0.0.0/0", "::/0"]}
        rules = [{"protocol": "tcp", "ports": "22", "sources": source}, {"protocol": "udp", "ports": "all", "sources": {"tags": ["web"]}}]
        firewall = call("POST", "/v2/firewalls", {"name": "fw", "tags": ["web"], "inbound_rules": rules}).body["firewall"]["id"]
        private = _droplet(call, number)["networks"]["v4"][1]["ip_address"]
        expected = [["tcp", 22, 22, "0.0.0.0/0"], ["udp", -1, -1, "127.93.7.2/32"], ["udp", -1, -1, f"{private}/32"]]
        until(lambda: hosts.calls[1:] == [(number, ["127.93.7.2"], expected)])
        address = call("POST", "/v2/reserved_ips", {"droplet_id": number}).body["reserved_ip"]["ip"]
        # Nobody asks, and yet it arrives.
        until(lambda: hosts.calls[2:] == [(number, ["127.93.7.2", address], expected)])
        call("DELETE", f"/v2/firewalls/{firewall}")
        until(lambda: hosts.calls[3:] == [(number, ["127.93.7.2", address], None)])
        simulator.owner.set_address(number, "127.93.7.3")
        until(lambda: hosts.calls[4:] == [(number, ["127.93.7.3", address], None)])


def test_a_hook_that_fails_is_heard_of():
    class Broken(NoHooks):
        def create(self, order):
            raise RuntimeError("no room")

    with Simulator(Broken(), **QUICK) as simulator:
        call = Caller(simulator.url)
        made = call("POST", "/v2/droplets", SMALL).body
        action = made["links"]["actions"][0]["id"]
        until(lambda: call("GET", f"/v2/actions/{action}").body["action"]["status"] == "errored")
        assert _droplet(call, made["droplet"]["id"])["status"] == "new"
        with pytest.raises(AssertionError, match="no room"):
            simulator.check()
        simulator.take_faults()


HOOKS = """
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    answer = {"call": call["call"]}
    if call["event"] == "create":
        answer["address"] = "127.93.7." + str(len(call["droplet"]["user_data"]))
    if call["event"] == "power" and call["power"] == "reboot":
        answer["error"] = "the host hangs"
    print(json.dumps(answer), flush=True)
"""


def test_as_a_program_with_hooks_in_another(tmp_path):
    (tmp_path / "hooks.py").write_text(HOOKS)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.items()]
    process = subprocess.Popen([sys.executable, SERVE, "--port", "0", "--hooks", f"exec {sys.executable} {tmp_path}/hooks.py", *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        api, control = (process.stdout.readline().split() for _ in range(2))
        assert (api[0], control[0]) == ("api", "control")
        call = Caller(api[1])
        number = call("POST", "/v2/droplets", {**SMALL, "user_data": "x" * 9}).body["droplet"]["id"]
        until(lambda: _droplet(call, number)["status"] == "active")
        assert _public(_droplet(call, number)) == ["127.93.7.9"]
        action = call("POST", f"/v2/droplets/{number}/actions", {"type": "reboot"}).body["action"]["id"]
        until(lambda: call("GET", f"/v2/actions/{action}").body["action"]["status"] == "errored")
        assert "the host hangs" in Caller(control[1])("GET", "/problems").body["faults"][0]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 0 and "the host hangs" in errors
