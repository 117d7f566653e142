"""Clients of DigitalOcean that others wrote drive the simulator, and find nothing to complain of."""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import digitalocean
import pytest
from digitalocean_cloud import TOKEN, Simulator, public_key, until

CACHE = Path(os.environ.get("DM_TEST_CACHE", Path.home() / ".cache/docker-machine-tests")) / "digitalocean-mcp"
MCP_PACKAGE = "@digitalocean/mcp@1.0.70"


# python3-digitalocean

@pytest.fixture
def python_cloud(monkeypatch):
    # It asks for 200 a page also where there are no pages, and sends nulls: DigitalOcean does not mind.
    with Simulator(tolerant=True, active_after=0.4, action_seconds=0.1, visible_after=0.1) as simulator:
        monkeypatch.setenv("DIGITALOCEAN_END_POINT", f"{simulator.url}/v2/")
        monkeypatch.setenv("DIGITALOCEAN_ACCESS_TOKEN", TOKEN)
        yield simulator


def _loaded(droplet, **expected):
    """Whether a droplet is to be found, and as expected."""
    try:
        droplet.load()
    except digitalocean.NotFoundError:
        return False
    return all(getattr(droplet, name) == value for name, value in expected.items())


def test_python_digitalocean_leads_a_droplets_life(python_cloud):
    manager, line = digitalocean.Manager(), public_key()
    key = digitalocean.SSHKey(name="k", public_key=line)
    key.create()
    key.load()
    assert key.load_by_pub_key(line).id == key.id and [one.fingerprint for one in manager.get_all_sshkeys()] == [key.fingerprint]
    droplet = digitalocean.Droplet(name="web-1", region="nyc3", size_slug="s-1vcpu-1gb", image="ubuntu-24-04-x64", ssh_keys=[key],
                                   tags=["web"], ipv6=True, user_data="#cloud-config\n")
    droplet.create()
    until(lambda: _loaded(droplet, status="active"))
    assert droplet.ip_address == python_cloud.left()["droplets"][0]["address"] and droplet.ip_v6_address
    assert [action.status for action in droplet.get_actions()] == ["completed"]
    until(lambda: [found.id for found in manager.get_all_droplets(tag_name="web")] == [droplet.id])
    droplet.shutdown(return_dict=False).wait(update_every_seconds=0.05)
    assert _loaded(droplet, status="off")
    droplet.power_on(return_dict=False).wait(update_every_seconds=0.05)
    droplet.rename("web-2", return_dict=False).wait(update_every_seconds=0.05)
    assert _loaded(droplet, status="active", name="web-2")
    droplet.destroy()
    until(lambda: not _loaded(droplet))
    key.destroy()
    assert python_cloud.left()["droplets"] == python_cloud.left()["keys"] == []


def test_python_digitalocean_reads_what_is_offered(python_cloud):
    manager = digitalocean.Manager()
    assert manager.get_account().droplet_limit == 25
    assert {"nyc3", "ams3"} <= {region.slug for region in manager.get_all_regions() if region.available}
    assert "nyc3" in next(size for size in manager.get_all_sizes() if size.slug == "s-1vcpu-1gb").regions
    assert manager.get_image("debian-12-x64").slug == "debian-12-x64"
    assert {"ubuntu-24-04-x64", "debian-12-x64"} <= {image.slug for image in manager.get_distro_images()}
    assert len(manager.get_all_vpcs()) == len([region for region in manager.get_all_regions() if region.available])
    assert manager.get_default_project().is_default


def test_python_digitalocean_keeps_firewalls_and_tags(python_cloud):
    manager, tag = digitalocean.Manager(), digitalocean.Tag(name="web")
    tag.create()
    droplet = digitalocean.Droplet(name="a", region="nyc3", size_slug="s-1vcpu-1gb", image="debian-12-x64")
    droplet.create()
    until(lambda: _loaded(droplet, status="active"))
    tag.add_droplets([str(droplet.id)])
    assert droplet.load() and droplet.tags == ["web"]
    firewall = digitalocean.Firewall(name="fw", droplet_ids=[droplet.id], tags=["web"], outbound_rules=[], inbound_rules=[
        digitalocean.InboundRule(protocol="tcp", ports="22", sources=digitalocean.Sources(addresses=["0.0.0.0/0"]))])
    firewall.create()
    [found] = manager.get_all_firewalls()
    assert (found.id, found.inbound_rules[0].ports, found.droplet_ids) == (firewall.id, "22", [droplet.id])
    firewall.remove_droplets([droplet.id])
    firewall.remove_tags(["web"])
    assert manager.get_firewall(firewall.id).droplet_ids == []
    firewall.destroy()
    tag.remove_droplets([str(droplet.id)])
    tag.delete()
    droplet.destroy()
    until(lambda: python_cloud.left()["droplets"] == [])
    assert python_cloud.left()["firewalls"] == python_cloud.left()["tags"] == []


def test_python_digitalocean_understands_refusals(python_cloud):
    wanted = {"name": "a", "region": "nyc3", "size_slug": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
    for change, sentence in (({"region": "mars1"}, "invalid region"), ({"image": "ubuntu-16-04-x64"}, "invalid image")):
        with pytest.raises(digitalocean.DataReadError, match=sentence):
            digitalocean.Droplet(**{**wanted, **change}).create()
    with pytest.raises(digitalocean.NotFoundError):
        digitalocean.Manager().get_droplet(7)
    with pytest.raises(digitalocean.DataReadError, match="Unable to authenticate you"):
        digitalocean.Manager(token="another").get_account()
    python_cloud.set(requests_per_minute=0)
    with pytest.raises(digitalocean.DataReadError, match="Too many requests"):
        digitalocean.Manager().get_account()


# DigitalOcean's own MCP server, which talks to the API with godo

@pytest.fixture(scope="session")
def mcp_program():
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    program = CACHE / "node_modules/@digitalocean/mcp/dist" / f"mcp-digitalocean-linux-{machine}"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None or machine is None:
            pytest.skip("NOT TESTED: driving the simulator with godo needs npm, and amd64 or arm64")
        CACHE.mkdir(parents=True, exist_ok=True)
        got = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", CACHE, MCP_PACKAGE],
                             capture_output=True, text=True, timeout=300)
        if got.returncode != 0 or not program.exists():
            pytest.skip(f"NOT TESTED: driving the simulator with godo: npm gives no {MCP_PACKAGE}: {got.stderr[-300:]}")
    program.chmod(0o755)
    return program


class Mcp:
    """The MCP server, spoken to over its standard input."""

    def __init__(self, program, url):
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "DIGITALOCEAN_API_TOKEN": TOKEN}
        self._process = subprocess.Popen(
            [program, "-services", "droplets,accounts,networking", "-digitalocean-api-endpoint", url, "-log-level", "error"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self._number = 0
        self._ask("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
        self._tell({"method": "notifications/initialized"})

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _tell(self, message):
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")

    def _ask(self, method, params):
        self._number += 1
        self._tell({"id": self._number, "method": method, "params": params})
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._number:
                return answer["result"]
        raise AssertionError("the MCP server has ended")

    def __call__(self, tool, **arguments):
        """What a tool says, read as JSON if it is; its complaint is raised."""
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        text = "".join(part.get("text", "") for part in result["content"])
        if result.get("isError"):
            raise RuntimeError(text)
        try:
            return json.loads(text)
        except ValueError:
            return text


@pytest.fixture
def godo_cloud():
    # Not tolerant: godo keeps to the document, as far as it is driven here.
    with Simulator(active_after=0.4, action_seconds=0.1, visible_after=0.1) as simulator:
        yield simulator


@pytest.fixture
def godo(godo_cloud, mcp_program):
    client = Mcp(mcp_program, godo_cloud.url)
    yield client
    client.close()


@pytest.fixture
def godo_droplet(godo_cloud, godo):
    # With a key: godo sends null where there is none.
    key = godo("key-create", Name="k", PublicKey=public_key())["id"]
    made = godo("droplet-create", Name="web-1", Size="s-1vcpu-1gb", Region="nyc3", ImageSlug="ubuntu-24-04-x64", SSHKeys=[str(key)],
                Tags=["web"])
    until(lambda: godo_cloud.left()["droplets"][0]["status"] == "active")
    return made["id"]


def test_godo_leads_a_droplets_life(godo_cloud, godo):
    key = godo("key-create", Name="k", PublicKey=public_key())
    assert [one["id"] for one in godo("key-list")] == [key["id"]]
    image = next(one for one in godo("image-list", Type="distribution") if one["slug"] == "debian-12-x64")
    made = godo("droplet-create", Name="web-1", Size="s-1vcpu-1gb", Region="nyc3", ImageID=image["id"], SSHKeys=[str(key["id"])],
                Tags=["web"], Monitoring=True)
    number = made["id"]
    until(lambda: godo_cloud.left()["droplets"][0]["status"] == "active")
    shown = godo("droplet-get", ID=number)
    assert shown["networks"]["v4"][0]["ip_address"] == godo_cloud.left()["droplets"][0]["address"]
    assert [one["id"] for one in godo("droplet-list")] == [number]
    for tool, more, status in (("shutdown-droplet", {}, "off"), ("power-on-droplet", {}, "active"), ("reboot-droplet", {}, "active"),
                               ("rename-droplet", {"Name": "web-2"}, "active"), ("power-off-droplet", {}, "off")):
        action = godo(tool, ID=number, **more)
        until(lambda: godo("droplet-action", DropletID=number, ActionID=action["id"])["status"] == "completed")
        assert godo("droplet-get", ID=number)["status"] == status
    godo("power-on-droplets-tag", Tag="web")
    until(lambda: godo_cloud.left()["droplets"][0]["status"] == "active")
    godo("droplet-delete", ID=number)
    godo("key-delete", ID=key["id"])
    until(lambda: godo_cloud.left()["droplets"] == [])
    assert godo_cloud.left()["keys"] == []


def test_godo_keeps_firewalls(godo_cloud, godo, godo_droplet):
    made = godo("firewall-create", Name="fw", InboundProtocol="tcp", InboundPortRange="22", InboundSource="0.0.0.0/0",
                OutboundProtocol="tcp", OutboundPortRange="all", OutboundDestination="0.0.0.0/0", DropletIDs=[godo_droplet], Tags=["web"])
    godo("firewall-add-rules", ID=made["id"], InboundRules=[{"Protocol": "tcp", "PortRange": "8000", "Sources": ["0.0.0.0/0"]}])
    godo("firewall-remove-tags", ID=made["id"], Tags=["web"])
    shown = godo("firewall-get", ID=made["id"])
    assert ([rule["ports"] for rule in shown["inbound_rules"]], shown["droplet_ids"], shown["tags"]) == (["22", "8000"], [godo_droplet], [])
    godo("firewall-delete", ID=made["id"])
    assert godo("firewall-list") == [] and godo_cloud.left()["firewalls"] == []


def test_godo_moves_reserved_ips(godo_cloud, godo, godo_droplet):
    address = godo("reserved-ip-reserve", Region="nyc3", Type="ipv4")["ip"]
    godo("reserved-ip-assign", IP=address, DropletID=godo_droplet, Type="ipv4")
    until(lambda: godo_cloud.left()["reserved_ips"][0]["droplet_id"] == godo_droplet)
    assert godo("droplet-get", ID=godo_droplet)["networks"]["v4"][-1]["ip_address"] == address
    godo("reserved-ip-unassign", IP=address, Type="ipv4")
    until(lambda: godo_cloud.left()["reserved_ips"][0]["droplet_id"] is None)
    godo("reserved-ip-release", IP=address, Type="ipv4")
    assert godo_cloud.left()["reserved_ips"] == []


def test_godo_makes_vpcs(godo_cloud, godo):
    made = godo("vpc-create", Name="mine", Region="nyc3", Subnet="10.250.0.0/20")
    assert made["id"] in [vpc["id"] for vpc in godo("vpc-list")] and godo("vpc-list-members", ID=made["id"]) == []
    godo("vpc-delete", ID=made["id"])
    assert godo_cloud.left()["vpcs"] == []


def test_godo_understands_refusals(godo_cloud, godo, godo_droplet):
    key = str(godo("key-list")[0]["id"])
    wanted = {"Name": "a", "Region": "nyc3", "Size": "s-1vcpu-1gb", "ImageSlug": "ubuntu-24-04-x64", "SSHKeys": [key]}
    for change, sentence in (({"Region": "mars1"}, r"422 \(request .*invalid region"), ({"Size": "huge"}, "422 .*invalid size")):
        with pytest.raises(RuntimeError, match=sentence):
            godo("droplet-create", **{**wanted, **change})
    godo("reboot-droplet", ID=godo_droplet)
    with pytest.raises(RuntimeError, match="422 .*Droplet already has a pending event"):
        godo("droplet-delete", ID=godo_droplet)
    with pytest.raises(RuntimeError, match="404 .*could not be found"):
        godo("droplet-get", ID=7)


def test_godo_waits_as_long_as_it_is_told(godo_cloud, godo):
    godo_cloud.set(requests_per_minute=1)
    godo("account-get-information")
    godo_cloud.clock.advance(58)
    assert godo("account-get-information")["droplet_limit"] == 25
    assert [record["status"] for record in godo_cloud.requests] == [200, 429, 200]
