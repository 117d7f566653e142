"""docker-machine with the digitalocean driver, against the simulator with real hosts: from `create` to `rm`."""

import pytest

import crash
from droplets import (CREATE_LIMIT, assert_one_create, authorize, cloud, create_words, droplets, left, make_do_trace,  # noqa: F401 fixtures
                      make_subject)
from test_amazonec2 import docker, driver_of, fetched, row, serve_page


@pytest.fixture
def trace(droplets, make_do_trace, docker_machine):
    """What is between docker-machine and droplets that are real hosts."""
    made = make_do_trace(droplets)
    authorize(docker_machine, made.url)
    return made


def test_the_whole_life(droplets, trace, cloud, make_do_trace, docker_machine, ssh_door, tmp_path):
    """From `create` to `rm`: docker over TLS, a page through the opened port and through no other one, power, nothing left."""
    shown = docker_machine(*create_words("--digitalocean-open-port", "8000"), "do-sandbox", limit=CREATE_LIMIT)
    assert "Creating Digital Ocean droplet...\n" in shown and "Docker is up and running!\n" in shown
    assert_one_create(trace)
    calls = list(trace.calls)

    [droplet] = droplets.left()["droplets"]
    address, host = droplet["address"], droplets.hosts.host(droplet["id"])
    assert driver_of(docker_machine, "do-sandbox")["DropletID"] == droplet["id"]
    # What the simulator received is all that the host has of us, and the first contact was with the key in it.
    pinned = (docker_machine.store / "machines" / "do-sandbox" / "known_hosts").read_text()
    assert host.host_key("ecdsa").split()[1] in pinned and host.host_key("ecdsa").split()[1] in droplet["user_data"]

    assert docker_machine("ip", "do-sandbox") == f"{address}\n"
    assert docker_machine("url", "do-sandbox") == f"tcp://{address}:2376\n"
    assert row(docker_machine, "do-sandbox") == {"name": "do-sandbox", "state": "Running", "url": f"tcp://{address}:2376", "error": ""}
    assert docker(docker_machine, "do-sandbox", "info", "--format", "{{.Name}}") == "do-sandbox\n"
    assert docker_machine("ssh", "do-sandbox", "id", "-un") == "root\n"
    serve_page(docker_machine, "do-sandbox", tmp_path / "web", 8000)
    docker(docker_machine, "do-sandbox", "run", "--detach", "--publish", "8001:80", "web")
    assert fetched(address, 8000) == "served by a machine\n"
    assert "served" not in fetched(address, 8001, limit=1)

    docker_machine("stop", "do-sandbox", limit=CREATE_LIMIT)
    assert not host.running and docker_machine("status", "do-sandbox") == "Stopped\n"
    assert docker_machine.run("url", "do-sandbox").err == "Host is not running\n"
    docker_machine("start", "do-sandbox", limit=CREATE_LIMIT)
    assert docker_machine("ip", "do-sandbox") == f"{address}\n" and fetched(address, 8000) == "served by a machine\n"
    boot = host.boot_id
    docker_machine("restart", "do-sandbox", limit=CREATE_LIMIT)
    assert host.boot_id != boot and docker_machine("status", "do-sandbox") == "Running\n"
    docker_machine("kill", "do-sandbox", limit=CREATE_LIMIT)
    assert not host.running and row(docker_machine, "do-sandbox")["state"] == "Stopped"
    docker_machine("rm", "-y", "do-sandbox", limit=CREATE_LIMIT)
    assert left(droplets) == [] and not (docker_machine.store / "machines" / "do-sandbox").exists()

    # The crashes of test_digitalocean_losses.py are at every call that a create of real life makes.
    twin = make_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door, "twin")
    points = crash.points_of(crash.traced_create(twin))
    crash.assert_covered(calls, points, "a create with a host")


def test_changed_behind_our_back(droplets, trace, docker_machine, engine):
    """Switched off and on, given another address, renamed, untagged and destroyed in the console."""
    docker_machine(*create_words(), "dev", limit=CREATE_LIMIT)
    [droplet] = droplets.left()["droplets"]
    number, host = droplet["id"], droplets.hosts.host(droplet["id"])

    droplets.owner.power_off(number)
    assert row(docker_machine, "dev")["state"] == "Stopped" and docker_machine("status", "dev") == "Stopped\n"
    for command in ("env", "config", "ssh"):
        refused = docker_machine.run(command, "dev", *(["true"] if command == "ssh" else []), limit=120)
        assert refused.code != 0 and "not running" in refused.err, str(refused)
    docker_machine("start", "dev", limit=CREATE_LIMIT)
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"
    droplets.owner.power_off(number)
    docker_machine.run("env", "dev", limit=120)  # notes that it is off
    droplets.owner.power_on(number)
    host.wait_for_ssh()
    assert row(docker_machine, "dev")["state"] == "Running" and docker_machine("ssh", "dev", "hostname", limit=120) == "dev\n"

    other = engine.new_address()
    host.set_network([other])
    droplets.owner.set_address(number, other)
    assert row(docker_machine, "dev")["url"] == f"tcp://{other}:2376"
    # The certificate did not name that address, and nothing had to be done for it.
    assert docker_machine("ip", "dev") == f"{other}\n"
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"

    droplets.owner.rename(number, "renamed")
    for tag in droplet["tags"]:
        droplets.owner.untag(number, tag)
    droplets.clock.advance(5)
    assert row(docker_machine, "dev")["state"] == "Running" and docker_machine("status", "dev") == "Running\n"
    assert docker_machine("orphans") == ""

    droplets.clock.advance(5)
    droplets.owner.destroy(number)
    assert "does not exist any more" in row(docker_machine, "dev")["error"]
    for command in ("start", "stop", "kill", "status", "ssh"):
        refused = docker_machine.run(command, "dev", limit=120)
        assert refused.code != 0 and "does not exist any more" in refused.err, str(refused)
    assert docker_machine.run("env", "dev", limit=120).code == 1
    docker_machine("rm", "-y", "dev", limit=120)
    assert left(droplets) == []


@pytest.mark.parametrize("droplets", ["cloud"], indirect=True)
def test_another_user_port_and_own_user_data(droplets, trace, docker_machine, tmp_path):
    """On an image without docker; the address is a reserved one, and SSH listens where the user wants it."""
    data = tmp_path / "data"
    data.write_text("#cloud-config\nwrite_files:\n  - path: /srv/users\n    content: own\nusers:\n  - default\n  - name: guest\nruncmd:\n  - [touch, /srv/ran]\n")
    docker_machine(*create_words("--digitalocean-userdata", data, "--digitalocean-ssh-user", "ops", "--digitalocean-ssh-port", "2200",
                                 "--digitalocean-reserved-ip", "--digitalocean-open-port", "9000"), "dev", limit=CREATE_LIMIT)
    [reserved] = droplets.left()["reserved_ips"]
    assert docker_machine("ip", "dev") == reserved["ip"] + "\n"
    assert docker_machine("ssh", "dev", "cat", "/srv/users") == "own" and docker_machine("ssh", "dev", "id", "-un") == "ops\n"
    assert docker_machine("ssh", "dev", "ls", "/srv/ran") == "/srv/ran\n"
    assert "guest" in docker_machine("ssh", "dev", "getent", "passwd", "guest")
    [droplet] = droplets.left()["droplets"]
    assert droplets.hosts.host(droplet["id"]).exec("ss --listening --tcp --numeric --no-header 'sport = :22'").stdout == ""
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"
    docker_machine("stop", "dev", limit=CREATE_LIMIT)
    docker_machine("start", "dev", limit=CREATE_LIMIT)
    assert docker_machine("ip", "dev") == reserved["ip"] + "\n"
    docker_machine("rm", "-y", "dev", limit=120)
    assert left(droplets) == []
