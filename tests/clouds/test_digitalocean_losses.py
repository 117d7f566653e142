"""digitalocean without hosts: whatever happens to a create or an rm, nothing that is paid for is lost."""

import json
import re

import pytest

import api_trace
import crash
from droplets import authorize, cloud, create_words, do_subject, left, make_do_trace, make_subject  # noqa: F401 fixtures

REFUSAL = json.dumps({"id": "unprocessable_entity", "message": "No, says DigitalOcean.", "request_id": "4d9d8375-3c56"}).encode()


def test_killed_at_every_call_of_create(do_subject):
    points = crash.kill_create_at_every_call(do_subject)
    assert {"POST /v2/account/keys 1", "POST /v2/droplets 1", "POST /v2/firewalls 1", "POST /v2/reserved_ips 1"} <= {point.id for point in points}


def test_killed_at_every_call_of_rm(do_subject):
    points = crash.kill_rm_at_every_call(do_subject)
    assert {"DELETE /v2/droplets/ID 1", "DELETE /v2/reserved_ips/ID 1", "DELETE /v2/firewalls/ID 1", "DELETE /v2/account/keys/ID 1"} <= {
        point.id for point in points}


def test_killed_at_every_write_of_create(do_subject, tmp_path):
    strace = crash.find_strace()
    if not strace:
        pytest.skip("NOT TESTED: crashes at every write need strace")
    points = crash.points_of(crash.traced_create(do_subject))
    assert crash.kill_create_at_every_write(do_subject, strace, tmp_path, points) >= 8


@pytest.mark.parametrize("lag", [{"visible_after": 4, "tag_lag": 4, "address_after": 4.5, "active_after": 5}])
def test_what_is_not_seen_yet_is_not_lost(do_subject, cloud, lag):
    """A new droplet is a 404 and in no list for seconds: killed then, `rm` finds it all the same."""
    cloud.set(**lag)
    for point in (crash.Point("POST /v2/droplets 1", "after"), crash.Point("GET /v2/droplets again", "before")):
        do_subject.died(do_subject.create, point)
        do_subject.assert_removable(f"{point}, and not seen yet")


def test_a_lost_answer_makes_no_second_droplet(do_subject, cloud):
    """The line is cut after DigitalOcean has done it, which knows no token that makes an order unique."""
    for kind in ("POST /v2/account/keys", "POST /v2/droplets"):
        do_subject.begin()
        do_subject.trace.at(kind, api_trace.lose_answer())
        do_subject.up_to_ssh()
        assert [len(cloud.left()[thing]) for thing in ("droplets", "keys")] == [1, 1], f"{kind}\n{do_subject.trace.table()}"
        do_subject.assert_removable(f"the answer of {kind} was lost")


def test_throttling_is_waited_out(do_subject):
    """Every call of a create, each in its turn."""
    asked = [call.id for call in crash.traced_create(do_subject) if not call.poll]
    do_subject.begin()
    for call in asked:
        do_subject.trace.at(call, api_trace.rest_throttled(1))
    do_subject.up_to_ssh()
    assert [call.status for call in do_subject.trace.calls].count(429) == len(asked), do_subject.trace.table()
    do_subject.assert_removable("throttled at every call")


def test_a_refused_create_leaves_nothing(do_subject, cloud):
    """DigitalOcean says no to each call in turn. What a check hears is exit code 3; later, the user's choice holds."""
    calls = [call for call in crash.traced_create(do_subject) if not call.poll]
    for call in calls:
        do_subject.begin()
        do_subject.trace.at(call.id, api_trace.answer(422, REFUSAL, [("Content-Type", "application/json")]))
        result = do_subject.finished(do_subject.docker_machine.start(*do_subject.create, "--on-failure", "remove"))
        if do_subject.door.reached.is_set():  # it could do without
            do_subject.assert_removable(f"refused at {call.id}")
            continue
        made = any(other.method == "POST" for other in calls[:calls.index(call) + 1])
        assert result.code == (1 if made else 3), f"{call.id}: {result}"
        assert re.search(f"{call.method} {do_subject.trace.url}/v2/[^ ]+: 422 No, says DigitalOcean[.] ", result.err), str(result)
        assert do_subject.docker_machine("ls", "-q") == "" and left(cloud) == [], f"{call.id}: {result}"


def test_what_rm_cannot_remove_stays_known(cloud, make_do_trace, docker_machine, ssh_door):
    """Without -f it stays a machine; with -f it is forgotten here, exits with 0, and `orphans` has it."""
    subject = make_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door)
    subject.up_to_ssh()
    subject.begin()
    refused = api_trace.answer(403, b'{"id":"forbidden","message":"You are not authorized"}', [("Content-Type", "application/json")])
    subject.trace.at("DELETE /v2/droplets/ID", refused, times=2)
    kept = docker_machine.run("rm", "-y", subject.name)
    assert kept.code == 1 and ": 403 You are not authorized" in kept.err and docker_machine("ls", "-q") == subject.name + "\n", str(kept)
    # What could be removed is gone, and is no obstacle to the next attempt.
    assert len(cloud.left()["droplets"]) == 1 and cloud.left()["reserved_ips"] == []
    forced = docker_machine.run("rm", "-f", subject.name)
    assert forced.code == 0 and ": 403 " in forced.err and docker_machine("ls", "-q") == "", str(forced)
    listed = json.loads(docker_machine("orphans", "--format", "json"))
    assert [(one["Machine"], "403" in one["Why"]) for one in listed] == [(subject.name, True)]
    docker_machine("orphans", "--remove", "-y")
    assert left(cloud) == [] and docker_machine("orphans") == ""


def test_orphans_are_found_by_what_they_carry(cloud, make_do_trace, docker_machine, ssh_door):
    """A store that lost its machine finds all of it at DigitalOcean, and nothing that is another's."""
    authorize(docker_machine, cloud.url)
    subject = make_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door)
    subject.up_to_ssh()
    assert docker_machine("orphans") == ""  # what a machine here is made of is none
    store = docker_machine.store
    (store / "machines" / subject.name).rename(store.parent / "away")
    assert docker_machine("orphans") == ""  # no account is known now
    found = json.loads(docker_machine("orphans", "--driver", "digitalocean", "--format", "json"))
    assert {(one["Machine"], one["Kind"]) for one in found} == {(subject.name, kind) for kind in ("droplet", "SSH key", "firewall", "reserved IP")}
    assert {one["Place"] for one in found if one["Kind"] == "droplet"} == {"nyc3"}
    (store / "store-id").rename(store / "store-id.away")
    assert docker_machine("orphans", "--driver", "digitalocean") == ""
    (store / "store-id.away").rename(store / "store-id")
    docker_machine("orphans", "--driver", "digitalocean", "--remove", "-y")
    assert left(cloud) == []


@pytest.mark.parametrize("last", ["POST /v2/droplets 1", "POST /v2/firewalls 1"])
def test_what_is_removed_later_is_not_the_next_machine_of_the_name(do_subject, cloud, last):
    """A create dies, `rm -f` notes what it could not remove, and another machine takes the name: it outlives the rest of the first."""
    do_subject.died(do_subject.create, crash.Point(last, "after"))
    do_subject.begin()
    refused = api_trace.answer(403, b'{"id":"forbidden","message":"You are not authorized"}', [("Content-Type", "application/json")])
    do_subject.trace.at(None, refused, times=1000)
    assert do_subject.docker_machine.run("rm", "-f", do_subject.name, limit=120).code == 0
    first = cloud.left()
    do_subject.begin()
    do_subject.up_to_ssh()
    both = cloud.left()
    do_subject.begin()
    do_subject.docker_machine("orphans", "--remove", "-y", limit=120)
    left(cloud)  # waits for the end of what ends
    now = cloud.left()
    for kind in ("droplets", "firewalls", "keys"):
        old = {one["id"] for one in first[kind]}
        assert [one["id"] for one in now[kind]] == [one["id"] for one in both[kind] if one["id"] not in old], f"{kind}: {now[kind]}"
    [droplet] = now["droplets"]
    assert len([tag for tag in droplet["tags"] if tag.startswith("docker-machine:")]) == 1, droplet
    do_subject.assert_removable("the second of the name")


def test_a_busy_droplet_is_waited_for(do_subject, cloud):
    cloud.set(action_seconds=4)
    do_subject.up_to_ssh()
    droplet = cloud.left()["droplets"][0]["id"]
    rebooting = do_subject.docker_machine.start("restart", do_subject.name)
    try:
        while not any(request["operation"] == "dropletActions_post" for request in cloud.requests):
            assert rebooting.alive
    finally:
        rebooting.abandon()
    do_subject.assert_removable(f"while {droplet} rebooted")
    assert any(request["operation"] == "droplets_destroy" and request["status"] == 422 for request in cloud.requests)
