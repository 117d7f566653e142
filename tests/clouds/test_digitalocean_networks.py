"""Firewalls, reserved IPs, VPCs and projects of the simulated DigitalOcean."""

import pytest
from digitalocean_cloud import SMALL, call, cloud, droplet
from test_digitalocean_simulator import PENDING, act, refused

ANYWHERE = ["0.0.0.0/0", "::/0"]


def rule(ports, protocol="tcp", **sources):
    return {"protocol": protocol, "ports": ports, "sources": sources or {"addresses": ANYWHERE}}


def test_a_firewall_for_droplets_and_tags(cloud, call, droplet):
    call("POST", "/v2/tags", {"name": "web"})
    wanted = {"name": "fw", "inbound_rules": [rule("22"), rule("8000-8010"), rule("all", "udp", tags=["web"])],
              "droplet_ids": [droplet], "tags": ["web"]}
    made = call("POST", "/v2/firewalls", wanted)
    firewall = made.body["firewall"]
    assert (made.status, firewall["status"], firewall["pending_changes"][0]["droplet_id"]) == (202, "waiting", droplet)
    cloud.clock.advance(1)
    shown = call("GET", f"/v2/firewalls/{firewall['id']}").body["firewall"]
    assert (shown["status"], [one["ports"] for one in shown["inbound_rules"]]) == ("succeeded", ["22", "8000-8010", "0"])
    assert call("POST", "/v2/firewalls", wanted).error == (409, "conflict", "duplicate name")
    assert len(call("GET", f"/v2/droplets/{droplet}/firewalls").body["firewalls"]) == 1
    other = call("POST", "/v2/droplets", {**SMALL, "tags": ["web"]}).body["droplet"]["id"]
    cloud.clock.advance(1)
    assert len(call("GET", f"/v2/droplets/{other}/firewalls").body["firewalls"]) == 1
    assert call("DELETE", f"/v2/firewalls/{firewall['id']}").status == 204
    assert call("DELETE", f"/v2/firewalls/{firewall['id']}").status == 404
    assert cloud.left()["firewalls"] == []


def test_a_firewall_is_changed(cloud, call, droplet):
    path = f"/v2/firewalls/{call('POST', '/v2/firewalls', {'name': 'fw', 'inbound_rules': [rule('22')]}).body['firewall']['id']}"
    for method, what, body in (("POST", "rules", {"inbound_rules": [rule("80")]}), ("POST", "droplets", {"droplet_ids": [droplet]}),
                               ("DELETE", "rules", {"inbound_rules": [rule("22")]})):
        assert call(method, f"{path}/{what}", body).status == 204
    shown = call("GET", path).body["firewall"]
    assert (shown["droplet_ids"], [one["ports"] for one in shown["inbound_rules"]]) == ([droplet], ["80"])
    assert refused(call("DELETE", f"{path}/rules", {"inbound_rules": [rule("22")]})) == "rule not found"
    shown = call("PUT", path, {"name": "new", "inbound_rules": [rule("443")]}).body["firewall"]
    assert (shown["name"], shown["droplet_ids"], shown["inbound_rules"][0]["ports"]) == ("new", [], "443")
    call("POST", f"{path}/droplets", {"droplet_ids": [droplet]})
    call("DELETE", f"/v2/droplets/{droplet}")
    cloud.clock.advance(5)
    assert call("GET", path).body["firewall"]["droplet_ids"] == []


@pytest.mark.parametrize("change, sentence", [
    ({"inbound_rules": [rule("70000")]}, "invalid port range"), ({"inbound_rules": [rule("90-80")]}, "invalid port range"),
    ({"inbound_rules": [rule("http")]}, "invalid port range"),
    ({"inbound_rules": [rule("22", addresses=["anywhere"])]}, "invalid address"),
    ({"inbound_rules": [rule("22", tags=["nobody"])]}, "tag nobody does not exist"),
    ({"tags": ["nobody"]}, "tag nobody does not exist"), ({"droplet_ids": [5]}, "droplet 5 not found")])
def test_a_firewall_that_is_refused(cloud, call, change, sentence):
    assert refused(call("POST", "/v2/firewalls", {"name": "fw", "inbound_rules": [rule("22")], **change})) == sentence
    assert cloud.left()["firewalls"] == []


def _public(call, droplet):
    networks = call("GET", f"/v2/droplets/{droplet}").body["droplet"]["networks"]["v4"]
    return [network["ip_address"] for network in networks if network["type"] == "public"]


def test_a_reserved_ip_moves(cloud, call, droplet):
    [own] = _public(call, droplet)
    made = call("POST", "/v2/reserved_ips", {"region": "nyc3"})
    address = made.body["reserved_ip"]["ip"]
    assert (made.status, made.body["reserved_ip"]["droplet"], made.body["links"]) == (202, None, {})
    path = f"/v2/reserved_ips/{address}"
    action = call("POST", f"{path}/actions", {"type": "assign", "droplet_id": droplet}).body["action"]
    assert call("GET", path).body["reserved_ip"]["locked"]
    assert "pending" in refused(call("DELETE", path)) and _public(call, droplet) == [own]
    cloud.clock.advance(1)
    assert _public(call, droplet) == [own, address]
    assert call("GET", f"{path}/actions/{action['id']}").body["action"]["status"] == "completed"
    assert call("GET", path).body["reserved_ip"]["droplet"]["id"] == droplet
    second = call("POST", "/v2/reserved_ips", {"region": "nyc3"}).body["reserved_ip"]["ip"]
    assert "already" in refused(call("POST", f"/v2/reserved_ips/{second}/actions", {"type": "assign", "droplet_id": droplet}))
    # It stays when its droplet goes.
    call("DELETE", f"/v2/droplets/{droplet}")
    cloud.clock.advance(1)
    assert call("GET", path).body["reserved_ip"]["droplet"] is None
    assert "not assigned" in refused(call("POST", f"{path}/actions", {"type": "unassign"}))
    for one in (address, second):
        assert call("DELETE", f"/v2/reserved_ips/{one}").status == 204
    assert call("GET", path).status == 404 and cloud.left()["reserved_ips"] == []


def test_a_reserved_ip_made_for_a_droplet(cloud, call, droplet):
    made = call("POST", "/v2/reserved_ips", {"droplet_id": droplet}).body
    assert made["links"]["droplets"][0]["id"] == droplet and made["links"]["actions"][0]["rel"] == "assign_ip"
    cloud.clock.advance(1)
    address = made["reserved_ip"]["ip"]
    assert _public(call, droplet)[1:] == [address]
    assert call("POST", f"/v2/reserved_ips/{address}/actions", {"type": "unassign"}).status == 201
    cloud.clock.advance(1)
    assert _public(call, droplet)[1:] == []
    assert call("GET", "/v2/reserved_ips").body["meta"]["total"] == 1


def test_reserved_ips_that_are_refused(cloud, call, droplet):
    cloud.set(reserved_ip_limit=1)
    assert "region" in refused(call("POST", "/v2/reserved_ips", {"region": "mars1"}))
    act(call, droplet, "reboot")
    assert call("POST", "/v2/reserved_ips", {"droplet_id": droplet}).error == PENDING
    address = call("POST", "/v2/reserved_ips", {"region": "ams3"}).body["reserved_ip"]["ip"]
    assert "limit" in refused(call("POST", "/v2/reserved_ips", {"region": "nyc3"}))
    cloud.clock.advance(1)
    assert "same region" in refused(call("POST", f"/v2/reserved_ips/{address}/actions", {"type": "assign", "droplet_id": droplet}))


def test_vpcs(cloud, call, droplet):
    default = next(vpc for vpc in call("GET", "/v2/vpcs").body["vpcs"] if vpc["region"] == "nyc3")
    assert default["default"] and call("GET", f"/v2/droplets/{droplet}").body["droplet"]["vpc_uuid"] == default["id"]
    assert call("DELETE", f"/v2/vpcs/{default['id']}").error[0] == 403
    made = call("POST", "/v2/vpcs", {"name": "mine", "region": "nyc3", "ip_range": "10.250.0.0/20"}).body["vpc"]
    assert "already exists" in refused(call("POST", "/v2/vpcs", {"name": "mine", "region": "nyc3"}))
    assert "overlaps" in refused(call("POST", "/v2/vpcs", {"name": "two", "region": "nyc3", "ip_range": "10.250.1.0/24"}))
    assert "same region" in refused(call("POST", "/v2/droplets", {**SMALL, "region": "ams3", "vpc_uuid": made["id"]}))
    member = call("POST", "/v2/droplets", {**SMALL, "vpc_uuid": made["id"]}).body["droplet"]["id"]
    cloud.clock.advance(10)
    networks = call("GET", f"/v2/droplets/{member}").body["droplet"]["networks"]["v4"]
    assert [one["ip_address"] for one in networks if one["type"] == "private"] == ["10.250.0.2"]
    members = call("GET", f"/v2/vpcs/{made['id']}/members?resource_type=droplet").body["members"]
    assert [one["urn"] for one in members] == [f"do:droplet:{member}"]
    assert call("DELETE", f"/v2/vpcs/{made['id']}").error[0] == 409
    call("DELETE", f"/v2/droplets/{member}")
    cloud.clock.advance(5)
    assert call("PATCH", f"/v2/vpcs/{made['id']}", {"name": "ours"}).body["vpc"]["name"] == "ours"
    assert call("DELETE", f"/v2/vpcs/{made['id']}").status == 204 and cloud.left()["vpcs"] == []


def test_projects(cloud, call, droplet):
    urn = f"do:droplet:{droplet}"
    assert [one["urn"] for one in call("GET", "/v2/projects/default/resources").body["resources"]] == [urn]
    made = call("POST", "/v2/projects", {"name": "web", "purpose": "Website or blog"}).body["project"]
    assert call("POST", "/v2/projects", {"name": "web", "purpose": "x"}).error[0] == 409
    path = f"/v2/projects/{made['id']}"
    shown = [call("POST", f"{path}/resources", {"resources": [urn]}).body["resources"][0]["status"] for _ in range(2)]
    assert shown == ["assigned", "already_assigned"]
    assert call("GET", "/v2/projects/default/resources").body["resources"] == []
    assert "not found" in refused(call("POST", f"{path}/resources", {"resources": ["do:droplet:7"]}))
    assert call("DELETE", path).error[0] == 412
    call("DELETE", f"/v2/droplets/{droplet}")
    cloud.clock.advance(5)
    assert call("DELETE", path).status == 204 and cloud.left()["projects"] == []
    default = call("GET", "/v2/projects/default").body["project"]
    assert default["is_default"] and call("DELETE", f"/v2/projects/{default['id']}").error[0] == 403
