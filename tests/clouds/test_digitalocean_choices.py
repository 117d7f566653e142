"""digitalocean without hosts: what is chosen, what is refused, how many calls it takes."""

import json
import re

import pytest

from digitalocean_cloud import TOKEN, Caller, public_key
from droplets import assert_one_create, authorize, cloud, create_words, do_subject, left, make_do_trace, make_subject  # noqa: F401 fixtures
from host import make_key
from test_amazonec2 import driver_of, row

NO_CALLS = "the command line is refused without a call"


@pytest.fixture
def machine(cloud, docker_machine):
    return authorize(docker_machine, cloud.url)


def refused(cloud, machine, words, said, code=3):
    """A create that must be refused before anything is made."""
    result = machine.run(*create_words(*words), "dev")
    assert result.code == code and all(part in result.err for part in said), str(result)
    assert left(cloud) == [] and cloud.left()["tags"] == [] and machine("ls", "-q") == ""
    assert all(request["method"] == "GET" for request in cloud.requests)
    assert TOKEN not in result.out + result.err


@pytest.mark.parametrize("words, said", [
    (["--digitalocean-region", "mars1"], ['digitalocean requires a valid region: \\"mars1\\" is none', "ams3, blr1", "nyc3"]),
    (["--digitalocean-region", "nyc2"], ["takes no new droplets"]),
    (["--digitalocean-size", "s-999"], ['the size \\"s-999\\" is not offered in region nyc3', "s-1vcpu-1gb", "--digitalocean-size"]),
    (["--digitalocean-region", "sgp1", "--digitalocean-size", "s-1vcpu-512mb-10gb"], ["not offered in region sgp1"]),
    (["--digitalocean-image", "ubuntu-16-04-x64"], ["/v2/images/ubuntu-16-04-x64: 404", "could not be found", "--digitalocean-image"]),
    (["--digitalocean-image", "../account"], ["/v2/images/..%2Faccount: 404"]),
    (["--digitalocean-image", "debian-11-x64", "--digitalocean-region", "syd1"], ["not in region syd1, but in ams3"]),
    (["--digitalocean-image", "mysql-20-04", "--digitalocean-size", "s-1vcpu-1gb"], ["too small: its disk has 25 GB, and the image needs 50", "s-1vcpu-2gb"]),
    (["--digitalocean-ssh-key-fingerprint", "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"], ["doesn't exist", "404"]),
    (["--digitalocean-vpc-uuid", "4de7ac8b-495b-4884-9a69-1050c6793cd6"], ["404", "There is no VPC"]),
    (["--digitalocean-project", "nobody's"], ["there is no project", "first-project"]),
    (["--digitalocean-userdata", "/nowhere/data"], ["user-data file /nowhere/data could not be found"]),
    (["--digitalocean-ssh-key-path", "/nowhere/key"], ['ssh-key-fingerprint needs to be provided for']),
    (["--digitalocean-ssh-key-path", "/nowhere/key", "--digitalocean-ssh-key-fingerprint", "3b:16"], ["SSH key does not exist"]),
])
def test_bad_input_is_refused(cloud, machine, words, said):
    refused(cloud, machine, words, said)


@pytest.mark.parametrize("words, said", [
    (["--digitalocean-ssh-port", "0"], ["--digitalocean-ssh-port must be a port"]),
    (["--digitalocean-open-port", "http"], ['--digitalocean-open-port "http" is no port']),
    (["--digitalocean-tags", "a b"], ["a tag may have letters"]),
    (["--digitalocean-api-endpoint", "localhost"], ["is no URL"]),
    (["--digitalocean-access-token", ""], ["digitalocean driver requires the --digitalocean-access-token option"]),
])
def test_a_wrong_command_line_asks_nobody(cloud, machine, words, said):
    refused(cloud, machine, words, said, code=1)
    assert cloud.requests == [], NO_CALLS


def test_bad_accounts_are_refused(cloud, machine, tmp_path):
    refused(cloud, machine, ["--digitalocean-access-token", "wrong"], [f"GET {cloud.url}/v2/account: 401 Unable to authenticate you", "revoked"])
    cloud.set(account_status="locked")
    refused(cloud, machine, [], ["account is locked"])
    cloud.set(account_status="active", droplet_limit=0)
    refused(cloud, machine, [], ["has 0 droplets, and its limit is 0"])
    cloud.set(droplet_limit=25, reserved_ip_limit=0)
    refused(cloud, machine, ["--digitalocean-reserved-ip"], ["has 0 reserved IPs, and its limit is 0"])
    data = tmp_path / "data"
    data.write_text("#!/bin/sh\n" + "x" * 64 * 1024)
    refused(cloud, machine, ["--digitalocean-userdata", data], ["is too long", "64 KiB"])
    data.write_bytes(b"#!/bin/sh\n# gr\xfc\xdfe\n")
    refused(cloud, machine, ["--digitalocean-userdata", data], ["is not UTF-8"])
    data.write_text("hello")
    refused(cloud, machine, ["--digitalocean-userdata", data], ["nothing that cloud-init knows"])


def test_a_key_that_is_not_the_registered_one_is_refused(cloud, machine, tmp_path):
    key = make_key(tmp_path / "key")
    other = Caller(cloud.url)("POST", "/v2/account/keys", {"name": "mine", "public_key": public_key()}).body["ssh_key"]
    result = machine.run(*create_words("--digitalocean-ssh-key-path", key, "--digitalocean-ssh-key-fingerprint", other["fingerprint"]), "dev")
    assert result.code == 3 and "is not the key with the fingerprint" in result.err, str(result)


def test_what_is_chosen_is_todays_and_recorded(do_subject, cloud):
    """The newest LTS that the region has, not the newest number; the cheapest size that can run something."""
    do_subject.up_to_ssh()
    driver = driver_of(do_subject.docker_machine, do_subject.name)
    assert (driver["Image"], driver["Size"], driver["Region"]) == ("ubuntu-24-04-x64", "s-1vcpu-1gb", "nyc3")
    assert_one_create(do_subject.trace)
    do_subject.assert_removable("a whole create")
    plain = make_subject(cloud, do_subject.trace, do_subject.docker_machine, do_subject.door, more=())
    plain.begin()
    plain.up_to_ssh()
    assert len(plain.trace.asked) <= 10, plain.trace.table()
    plain.assert_removable("a plain create")


def test_all_flags_reach_the_order(cloud, make_do_trace, docker_machine, ssh_door, tmp_path):
    data = tmp_path / "data"
    data.write_text("#cloud-config\nruncmd: [ls]\n")
    key = make_key(tmp_path / "mine")
    call = Caller(cloud.url)
    registered = call("POST", "/v2/account/keys", {"name": "mine", "public_key": (tmp_path / "mine.pub").read_text()}).body["ssh_key"]
    vpc = call("POST", "/v2/vpcs", {"name": "inner", "region": "ams3"}).body["vpc"]["id"]
    words = {"region": "ams3", "size": "s-2vcpu-4gb", "image": "debian-12-x64", "vpc-uuid": vpc, "tags": "one, two,one", "userdata": data,
             "ssh-user": "ops", "ssh-key-path": key, "ssh-key-fingerprint": registered["fingerprint"]}
    given = [word for name, value in words.items() for word in (f"--digitalocean-{name}", str(value))]
    given += [f"--digitalocean-{name}" for name in ("ipv6", "backups", "monitoring", "private-networking")]
    subject = make_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door, more=given)
    subject.up_to_ssh()
    order = json.loads(next(request["body"] for request in cloud.requests if request["operation"] == "droplets_create"))
    store = (docker_machine.store / "store-id").read_text().strip()
    assert {name: order[name] for name in ("region", "size", "image", "vpc_uuid", "ipv6", "backups", "monitoring", "private_networking", "ssh_keys")} == {
        "region": "ams3", "size": "s-2vcpu-4gb", "image": "debian-12-x64", "vpc_uuid": vpc, "ipv6": True, "backups": True, "monitoring": True,
        "private_networking": True, "ssh_keys": [registered["id"]]}
    driver = driver_of(docker_machine, subject.name)
    assert order["tags"] == ["one", "two", f"docker-machine-store:{store}", f"docker-machine:{store}:web___one:{driver['Id']}"]
    assert '"name": "ops"' in order["user_data"] and "runcmd: [ls]" in order["user_data"]
    assert driver["SSHKeyPath"].endswith("/web.One/mine") and driver["IPv6Address"] and driver["PrivateIPAddress"]
    docker_machine("rm", "-y", subject.name)
    # The user's own key stays, and so do the tags and the VPC that the user named.
    assert [line.split()[0] for line in left(cloud)] == ["keys", "vpcs", "tag", "tag"]


def test_secrets_stay_secret(do_subject, cloud, tmp_path):
    """A reference is kept as one, and neither it nor what it leads to is shown."""
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    machine = do_subject.docker_machine
    machine.environment.update({"DIGITALOCEAN_ACCESS_TOKEN": f"file:{secret}", "MACHINE_DEBUG": "1"})
    running = do_subject.up_to_ssh()
    result = running.finish()
    assert TOKEN not in result.out + result.err and "/v2/droplets: 202" in result.err
    config = machine.store / "machines" / do_subject.name / "config.json"
    assert TOKEN not in config.read_text() and driver_of(machine, do_subject.name)["AccessToken"] == f"file:{secret}"
    assert config.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in machine.run("ls").err
    secret.write_text("")
    empty = machine.run("rm", "-y", do_subject.name)
    assert empty.code == 1 and f"file:{secret}" in empty.err
    machine.environment["DIGITALOCEAN_ACCESS_TOKEN"] = ""
    secret.write_text(TOKEN)
    do_subject.assert_removable("by a reference")


def write_machines(machine, cloud, count, store):
    """Machines that a farm has, each with a droplet; made past the command, which would wait for SSH."""
    call = Caller(cloud.url)
    machine("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "pattern")
    pattern = json.loads((machine.store / "machines" / "pattern" / "config.json").read_text())
    for number in range(count):
        name = f"farm-{number}"
        cloud.set(requests_per_minute=100000, requests_per_hour=100000, droplet_limit=count + 25)
        made = call("POST", "/v2/droplets", {"name": name, "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64",
                                             "tags": [f"docker-machine-store:{store}"] if store else []}).body["droplet"]
        document = {**pattern, "Name": name, "DriverName": "digitalocean",
                    "Driver": {"IPAddress": "", "MachineName": name, "SSHUser": "root", "SSHPort": 22, "SSHKeyPath": "", "StorePath": str(machine.store),
                               "AccessToken": TOKEN, "DropletID": made["id"], "APIEndpoint": cloud.url, "StoreID": store}}
        folder = machine.store / "machines" / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(document))
    machine("rm", "-y", "pattern")
    cloud.clock.advance(10)


def states(machine):
    listed = machine("ls", "--format", "{{.Name}} {{.State}} {{.Error}}", "--timeout", "60", limit=120)
    return {line.split()[0]: line.split(" ", 2)[1:] for line in listed.splitlines()}


def test_a_survey_is_a_call_for_200_droplets(cloud, machine):
    write_machines(machine, cloud, 201, "0123456789abcdef")
    droplets = cloud.left()["droplets"]
    for one in droplets[:4]:
        cloud.owner.destroy(one["id"])
    cloud.owner.power_off(droplets[4]["id"])
    cloud.clock.advance(10)
    before = len(cloud.requests)
    seen = states(machine)
    assert [request["operation"] for request in cloud.requests[before:]] == ["droplets_list"] + ["droplets_get"] * 4
    assert [seen[f"farm-{number}"][0] for number in (4, 5, 200)] == ["Stopped", "Running", "Running"]
    assert all("does not exist any more" in seen[f"farm-{number}"][1] for number in range(4)) and "destroyed" not in seen["farm-9"][-1]
    for one in droplets[5:13]:
        cloud.owner.untag(one["id"], "docker-machine-store:0123456789abcdef")
    cloud.clock.advance(10)
    before = len(cloud.requests)
    assert states(machine)["farm-12"][0] == "Running"
    assert [request["operation"] for request in cloud.requests[before:]] == ["droplets_list"] * 2


def test_machines_of_the_original_are_surveyed_too(cloud, machine):
    """Without our tag: a few by their numbers, many by the account's list."""
    write_machines(machine, cloud, 3, "")
    before = len(cloud.requests)
    assert {state for state, *_ in states(machine).values()} == {"Running"}
    assert [request["operation"] for request in cloud.requests[before:]] == ["droplets_get"] * 3


def test_polls_are_shared(cloud, make_do_trace, machine, ssh_door):
    """Machines that are made together wait with one question."""
    cloud.set(active_after=8, address_after=8, requests_per_minute=100000)
    names = [f"one-{number}" for number in range(5)]
    running = [machine.start(*create_words("--digitalocean-ssh-port", ssh_door.port), name) for name in names]
    try:
        while any(one.alive for one in running) and cloud.left()["droplets"] == [] or any(d["status"] != "active" for d in cloud.left()["droplets"]):
            pass
        polls = [request for request in cloud.requests if request["query"].get("tag_name")]
    finally:
        for one in running:
            one.abandon()
    assert len(cloud.left()["droplets"]) == 5
    assert 2 <= len(polls) <= 8, len(polls)
    machine("rm", "-y", *names, limit=120)
    assert left(cloud) == []


def test_the_originals_record_works(cloud, machine):
    """A config.json as docker-machine 0.16.2 wrote it: read, driven, removed, and its keys keep their order."""
    write_machines(machine, cloud, 1, "")
    path = machine.store / "machines" / "farm-0" / "config.json"
    document = json.loads(path.read_text())
    key = Caller(cloud.url)("POST", "/v2/account/keys", {"name": "farm-0", "public_key": public_key()}).body["ssh_key"]
    driver = document["Driver"]
    document["Driver"] = {**{name: driver[name] for name in ("IPAddress", "MachineName", "SSHUser", "SSHPort", "SSHKeyPath", "StorePath")},
                          "SwarmMaster": False, "SwarmHost": "", "SwarmDiscovery": "", "AccessToken": TOKEN, "DropletID": driver["DropletID"],
                          "DropletName": "", "Image": "ubuntu-16-04-x64", "Region": "nyc3", "SSHKeyID": key["id"], "SSHKeyFingerprint": "", "SSHKey": "",
                          "Size": "s-1vcpu-1gb", "IPv6": False, "Backups": False, "PrivateNetworking": False, "UserDataFile": "", "Monitoring": False,
                          "Tags": "", "APIEndpoint": cloud.url}
    path.write_text(json.dumps(document))
    machine("kill", "farm-0")
    assert cloud.left()["droplets"][0]["status"] == "off"
    kept = json.loads(path.read_text())["Driver"]
    assert list(kept)[:len(document["Driver"])] == list(document["Driver"]) and kept["IPAddress"].startswith("127.80.")
    assert row(machine, "farm-0")["state"] == "Stopped"
    machine("rm", "-y", "farm-0")
    assert left(cloud) == []


def test_a_stop_that_is_not_listened_to_switches_off(cloud, machine):
    write_machines(machine, cloud, 1, "0123456789abcdef")
    cloud.set(guest_obeys_shutdown=False)
    stopped = machine.run("stop", "farm-0")
    assert stopped.code == 0 and "it is switched off" in stopped.err and cloud.left()["droplets"][0]["status"] == "off"
    assert machine.run("url", "farm-0").err == "Host is not running\n"
    kinds = [json.loads(request["body"])["type"] for request in cloud.requests if request["operation"] == "dropletActions_post"]
    assert kinds == ["shutdown", "power_off"]


def test_help_names_every_flag(machine):
    shown = machine("create", "--driver", "digitalocean", "--help")
    assert len(set(re.findall(r"--digitalocean-[a-z0-9-]+", shown))) == 19
