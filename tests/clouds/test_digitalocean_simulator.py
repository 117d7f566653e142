"""The simulator's rules of DigitalOcean, one by one."""

import base64
import hashlib
import time

import pytest
from digitalocean_cloud import SMALL, Caller, Simulator, call, cloud, droplet, public_key

PENDING = (422, "unprocessable_entity", "Droplet already has a pending event.")


def refused(answer):
    """The sentence of a refusal, which has to be a 422 and to name the request."""
    assert answer.error[:2] == (422, "unprocessable_entity"), answer.body
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    return answer.error[2]


def act(call, droplet, kind, **more):
    answer = call("POST", f"/v2/droplets/{droplet}/actions", {"type": kind, **more})
    assert answer.status == 201, answer.body
    return answer.body["action"]


def test_a_token_is_needed(cloud):
    answer = Caller(cloud.url, "another")("GET", "/v2/regions")
    assert answer.status == 401
    assert answer.body == {"id": "Unauthorized", "message": "Unable to authenticate you"}
    assert int(answer.headers["ratelimit-limit"]) == 5000


# Limits

def test_every_answer_counts_down(cloud, call):
    first, second = call("GET", "/v2/account"), call("GET", "/v2/droplets/1")
    assert second.error == (404, "not_found", "The resource you were accessing could not be found.")
    assert int(second.headers["ratelimit-remaining"]) == int(first.headers["ratelimit-remaining"]) - 1
    assert int(first.headers["ratelimit-reset"]) == int(cloud.clock.now()) + 3600


def test_the_limit_of_an_hour(cloud, call):
    cloud.set(requests_per_hour=2)
    call("GET", "/v2/account")
    cloud.clock.advance(600)
    call("GET", "/v2/account")
    refusal = call("GET", "/v2/account")
    assert refusal.error == (429, "too_many_requests", "API rate limit exceeded.")
    assert (refusal.headers["ratelimit-remaining"], refusal.headers["retry-after"]) == ("0", "3000")
    cloud.clock.advance(2999)
    assert call("GET", "/v2/account").status == 429
    cloud.clock.advance(1)
    assert call("GET", "/v2/account").status == 200


def test_the_limit_of_a_minute(cloud, call):
    cloud.set(requests_per_minute=3)
    assert [call("GET", "/v2/account").status for _ in range(4)] == [200, 200, 200, 429]
    refusal = call("GET", "/v2/account")
    assert refusal.error[2] == "Too many requests" and refusal.headers["retry-after"] == "60"
    assert int(refusal.headers["ratelimit-remaining"]) > 0
    cloud.clock.advance(60)
    assert call("GET", "/v2/account").status == 200


# The life of a droplet

def test_a_new_droplet_comes_into_sight_step_by_step(cloud, call):
    cloud.set(visible_after=1, tag_lag=4, address_after=3, active_after=7)
    made = call("POST", "/v2/droplets", {**SMALL, "tags": ["web"], "monitoring": True}).body
    droplet = made["droplet"]["id"]
    assert made["droplet"]["networks"] == {"v4": [], "v6": []}
    assert (made["droplet"]["status"], made["droplet"]["locked"]) == ("new", True)
    [action] = made["links"]["actions"]
    assert action["rel"] == "create" and action["href"] == f"{cloud.url}/v2/actions/{action['id']}"

    def listed(query=""):
        return [shown["id"] for shown in call("GET", f"/v2/droplets{query}").body["droplets"]]

    assert (call("GET", f"/v2/droplets/{droplet}").status, listed(), listed("?tag_name=web")) == (404, [], [])
    cloud.clock.advance(1)
    shown = call("GET", f"/v2/droplets/{droplet}").body["droplet"]
    assert (shown["networks"]["v4"], listed(), listed("?tag_name=web")) == ([], [droplet], [])
    cloud.clock.advance(2)
    shown = call("GET", f"/v2/droplets/{droplet}").body["droplet"]
    assert [network["type"] for network in shown["networks"]["v4"]] == ["public", "private"]
    assert (shown["status"], listed("?tag_name=web")) == ("new", [])
    cloud.clock.advance(2)
    assert listed("?tag_name=web") == listed("?tag_name=WEB") == [droplet]
    cloud.clock.advance(2)
    shown = call("GET", f"/v2/droplets/{droplet}").body["droplet"]
    assert (shown["status"], shown["locked"], "monitoring" in shown["features"]) == ("active", False, True)
    assert call("GET", f"/v2/actions/{action['id']}").body["action"]["status"] == "completed"


def test_a_droplet_goes_step_by_step_as_well(cloud, call):
    cloud.set(gone_after=3, tag_lag=4)
    droplet = call("POST", "/v2/droplets", {**SMALL, "tags": ["web"]}).body["droplet"]["id"]
    cloud.clock.advance(10)
    assert call("DELETE", f"/v2/droplets/{droplet}").status == 204
    assert call("GET", f"/v2/droplets/{droplet}").status == 200
    assert call("DELETE", f"/v2/droplets/{droplet}").error == PENDING
    cloud.clock.advance(3)
    assert call("GET", f"/v2/droplets/{droplet}").status == call("DELETE", f"/v2/droplets/{droplet}").status == 404
    assert call("GET", "/v2/droplets").body["meta"]["total"] == 0
    assert call("GET", "/v2/droplets?tag_name=web").body["meta"]["total"] == 1
    cloud.clock.advance(4)
    assert call("GET", "/v2/droplets?tag_name=web").body["meta"]["total"] == 0
    # The tag stays.
    assert cloud.left()["tags"] == ["web"]


def test_a_droplet_with_something_under_way_takes_nothing_else(cloud, call):
    droplet = call("POST", "/v2/droplets", SMALL).body["droplet"]["id"]
    cloud.clock.advance(0.5)
    assert call("POST", f"/v2/droplets/{droplet}/actions", {"type": "shutdown"}).error == PENDING
    assert call("DELETE", f"/v2/droplets/{droplet}").error == PENDING
    cloud.clock.advance(10)
    action = act(call, droplet, "shutdown")
    assert (action["status"], action["completed_at"]) == ("in-progress", None)
    assert call("GET", f"/v2/droplets/{droplet}").body["droplet"]["locked"]
    assert call("POST", f"/v2/droplets/{droplet}/actions", {"type": "power_on"}).error == PENDING
    cloud.set(locked_while_pending=False)
    assert not call("GET", f"/v2/droplets/{droplet}").body["droplet"]["locked"]
    cloud.clock.advance(1)
    action = call("GET", f"/v2/droplets/{droplet}/actions/{action['id']}").body["action"]
    assert action["status"] == "completed" and action["completed_at"]
    assert call("DELETE", f"/v2/droplets/{droplet}").status == 204


@pytest.mark.parametrize("kinds, status", [(["power_off"], "off"), (["shutdown"], "off"), (["power_off", "power_on"], "active"),
                                           (["reboot"], "active"), (["power_off", "power_cycle"], "active")])
def test_power(cloud, call, droplet, kinds, status):
    for kind in kinds:
        act(call, droplet, kind)
        cloud.clock.advance(1)
    assert call("GET", f"/v2/droplets/{droplet}").body["droplet"]["status"] == status
    done = [action["type"] for action in call("GET", f"/v2/droplets/{droplet}/actions").body["actions"]]
    assert done == [*reversed(kinds), "create"]


def test_a_guest_may_ignore_a_shutdown(cloud, call, droplet):
    cloud.set(guest_obeys_shutdown=False)
    action = act(call, droplet, "shutdown")
    cloud.clock.advance(1)
    assert call("GET", f"/v2/actions/{action['id']}").body["action"]["status"] == "errored"
    assert call("GET", f"/v2/droplets/{droplet}").body["droplet"]["status"] == "active"


def test_other_actions(cloud, call, droplet):
    act(call, droplet, "rename", name="web-2")
    cloud.clock.advance(1)
    assert "hostname" in refused(call("POST", f"/v2/droplets/{droplet}/actions", {"type": "rename", "name": "web_2"}))
    resize = {"type": "resize", "size": "s-2vcpu-2gb"}
    assert "powered off" in refused(call("POST", f"/v2/droplets/{droplet}/actions", resize))
    for kind, more in (("enable_backups", {}), ("power_off", {}), ("resize", {"size": "s-2vcpu-2gb"})):
        act(call, droplet, kind, **more)
        cloud.clock.advance(1)
    shown = call("GET", f"/v2/droplets/{droplet}").body["droplet"]
    assert (shown["name"], shown["size_slug"], shown["memory"], "backups" in shown["features"]) == ("web-2", "s-2vcpu-2gb", 2048, True)


# What is not offered

@pytest.mark.parametrize("change, sentence", [
    ({"region": "mars1"}, "You specified an invalid region for Droplet creation."),
    ({"region": "nyc2"}, "Region is not available"),
    ({"size": "s-1vcpu-3gb"}, "You specified an invalid size for Droplet creation."),
    ({"size": "s-1vcpu-512mb-10gb", "region": "lon1"}, "Size is not available in this region."),
    ({"image": "ubuntu-16-04-x64"}, "You specified an invalid image for Droplet creation."),
    ({"image": 7}, "You specified an invalid image for Droplet creation."),
    ({"image": "debian-11-x64", "region": "syd1"}, "Image is not available in this region."),
    ({"image": "fedora-42-x64", "size": "s-1vcpu-512mb-10gb"},
     "Your disk is too small for this image. Please select a larger Droplet size."),
    ({"ssh_keys": [3]}, "3 are invalid key identifiers for Droplet creation."),
    ({"ssh_keys": ["aa:bb"]}, "aa:bb are invalid key identifiers for Droplet creation."),
    ({"vpc_uuid": "4de7ac8b-495b-4884-9a69-1050c6793cd6"}, "You specified an invalid VPC for Droplet creation."),
    ({"user_data": "ä" * 32769}, "User data is too long (maximum is 64 KiB)"),
])
def test_refused_before_anything_is_created(cloud, call, change, sentence):
    assert refused(call("POST", "/v2/droplets", {**SMALL, "tags": ["web"], **change})) == sentence
    left = cloud.left()
    assert (left["droplets"], left["tags"]) == ([], [])


def test_the_largest_user_data_and_an_image_by_its_number(cloud, call):
    image = call("GET", "/v2/images/debian-12-x64").body["image"]["id"]
    answer = call("POST", "/v2/droplets", {**SMALL, "user_data": "x" * 65536, "image": image, "tags": None})
    assert (answer.status, answer.body["droplet"]["image"]["slug"]) == (202, "debian-12-x64")
    assert len(cloud.left()["droplets"][0]["user_data"]) == 65536


def test_the_limit_of_droplets(cloud, call, droplet):
    cloud.set(droplet_limit=2)
    assert call("GET", "/v2/account").body["account"]["droplet_limit"] == 2
    several = {**SMALL, "names": ["a", "b"]}
    del several["name"]
    assert refused(call("POST", "/v2/droplets", several)) == "creating this/these droplet(s) will exceed your droplet limit"
    cloud.set(droplet_limit=3)
    assert [made["name"] for made in call("POST", "/v2/droplets", several).body["droplets"]] == ["a", "b"]
    assert call("DELETE", f"/v2/droplets/{droplet}").status == 204


def test_what_is_offered_fits_together(call):
    regions = {region["slug"]: region for region in call("GET", "/v2/regions").body["regions"]}
    sizes = {size["slug"]: size for size in call("GET", "/v2/sizes?per_page=200").body["sizes"]}
    images = {image["slug"] for image in call("GET", "/v2/images?type=distribution&per_page=200").body["images"]}
    assert not regions["nyc2"]["available"] and regions["nyc3"]["available"]
    for slug, region in regions.items():
        assert sorted(region["sizes"]) == sorted(name for name, size in sizes.items() if slug in size["regions"])
    assert "ubuntu-24-04-x64" in images and "docker-20-04" not in images
    assert call("GET", "/v2/images/ubuntu-16-04-x64").status == 404


# Lists

def test_pages(cloud, call):
    cloud.set(droplet_limit=100)
    for batch in range(5):
        several = {**SMALL, "names": [f"m{batch}-{number}" for number in range(9)]}
        del several["name"]
        assert call("POST", "/v2/droplets", several).status == 202
    cloud.clock.advance(10)
    path, seen = "/v2/droplets?per_page=20", []
    while path:
        body = call("GET", path).body
        assert body["meta"]["total"] == 45
        seen.append(len(body["droplets"]))
        path = body["links"].get("pages", {}).get("next", "").removeprefix(cloud.url)
    assert seen == [20, 20, 5]
    assert set(body["links"]["pages"]) == {"first", "prev"}
    assert call("GET", "/v2/droplets?page=4&per_page=20").body["droplets"] == []
    assert call("GET", "/v2/droplets?per_page=200").body["links"] == {}
    assert [found["name"] for found in call("GET", "/v2/droplets?name=M3-4").body["droplets"]] == ["m3-4"]


# Keys and tags

def test_keys(cloud, call):
    line = public_key()
    key = call("POST", "/v2/account/keys", {"name": "k", "public_key": line}).body["ssh_key"]
    digest = hashlib.md5(base64.b64decode(line.split()[1])).hexdigest()
    assert key["fingerprint"].replace(":", "") == digest and key["fingerprint"].count(":") == 15
    again = call("POST", "/v2/account/keys", {"name": "other", "public_key": line.replace("somebody", "else")})
    assert refused(again) == "SSH Key is already in use on your account"
    for bad in ("nonsense", "ssh-rsa " + line.split()[1], "ssh-ed25519 AAAA", line + "\n" + public_key()):
        assert "Key invalid" in refused(call("POST", "/v2/account/keys", {"name": "k", "public_key": bad}))
    for name in (key["id"], key["fingerprint"]):
        assert call("GET", f"/v2/account/keys/{name}").body["ssh_key"] == key
    assert call("POST", "/v2/droplets", {**SMALL, "ssh_keys": [key["id"], key["fingerprint"]]}).status == 202
    assert call("DELETE", f"/v2/account/keys/{key['fingerprint']}").status == 204
    assert call("DELETE", f"/v2/account/keys/{key['id']}").error[:2] == (404, "not_found")
    assert cloud.left()["keys"] == []


def test_tags(cloud, call, droplet):
    resources = {"resources": [{"resource_id": str(droplet), "resource_type": "droplet"}]}
    assert call("POST", "/v2/tags/web/resources", resources).status == 404
    assert call("POST", "/v2/tags", {"name": "Web"}).status == 201
    assert call("POST", "/v2/tags/web/resources", resources).status == 204
    assert call("GET", f"/v2/droplets/{droplet}").body["droplet"]["tags"] == ["Web"]
    assert call("GET", "/v2/droplets?tag_name=web").body["droplets"] == []
    cloud.clock.advance(1)
    assert len(call("GET", "/v2/droplets?tag_name=web").body["droplets"]) == 1
    shown = call("GET", "/v2/tags/web").body["tag"]
    assert shown["resources"]["droplets"]["last_tagged_uri"] == f"{cloud.url}/v2/droplets/{droplet}"
    assert call("DELETE", "/v2/tags/web/resources", resources).status == 204
    assert len(call("GET", "/v2/droplets?tag_name=web").body["droplets"]) == 1
    cloud.clock.advance(1)
    assert call("GET", "/v2/droplets?tag_name=web").body["droplets"] == []
    assert call("DELETE", "/v2/tags/web").status == 204
    assert call("DELETE", "/v2/tags/web").status == 404


def test_what_is_done_to_a_tag_is_done_to_its_droplets(cloud, call, droplet):
    tagged = [call("POST", "/v2/droplets", {**SMALL, "tags": ["web"]}).body["droplet"]["id"] for _ in range(2)]
    cloud.clock.advance(10)
    assert len(call("POST", "/v2/droplets/actions?tag_name=web", {"type": "power_off"}).body["actions"]) == 2
    cloud.clock.advance(1)
    assert [left["status"] for left in cloud.left()["droplets"]] == ["active", "off", "off"]
    late = call("POST", "/v2/droplets", {**SMALL, "tags": ["web"]}).body["droplet"]["id"]
    assert call("DELETE", "/v2/droplets?tag_name=web").status == 204
    cloud.clock.advance(10)
    # The index did not know of the new one yet.
    assert [left["id"] for left in cloud.left()["droplets"]] == [droplet, late] and late not in tagged
    assert call("DELETE", "/v2/droplets?tag_name=nobody").status == 404


def test_time_passes_by_itself():
    with Simulator(visible_after=0.05, active_after=0.1) as simulator:
        call = Caller(simulator.url)
        droplet = call("POST", "/v2/droplets", SMALL).body["droplet"]["id"]
        deadline = time.monotonic() + 20
        while call("GET", f"/v2/droplets/{droplet}").body.get("droplet", {}).get("status") != "active":
            assert time.monotonic() < deadline
