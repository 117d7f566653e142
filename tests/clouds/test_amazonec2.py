"""docker-machine with the amazonec2 driver, against moto with real hosts: from `create` to `rm`."""

import json
import subprocess
from pathlib import Path

import pytest

import crash
from amazonec2 import assert_one_create, flags, instance_of, make_subject, wait_for_state
from test_harness import SERVER

CREATE_LIMIT = 300


@pytest.fixture
def ec2_trace(ec2, make_trace, docker_machine):
    """What is between docker-machine and an EC2 of real hosts."""
    docker_machine.environment.update(ec2.credentials)
    return make_trace(ec2)


def docker(docker_machine, name, *arguments):
    """The real docker client, with what `env` says evaluated by a real shell; its standard output."""
    script = docker_machine("env", "--shell", "bash", name) + '\nexec "$@"'
    made = subprocess.run(["bash", "-c", script, "bash", "/usr/bin/docker", *arguments], capture_output=True, text=True, timeout=120,
                          env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(docker_machine.home)}, check=False)
    assert made.returncode == 0, f"docker {arguments}: {made.stderr}"
    return made.stdout


def serve_page(docker_machine, name, folder, port):
    """Builds and runs a web server on the machine with the docker client of this computer."""
    folder.mkdir()
    (folder / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (folder / "busybox").chmod(0o755)
    (folder / "index.html").write_text("served by a machine\n")
    (folder / "Dockerfile").write_text(SERVER)
    docker(docker_machine, name, "build", "--quiet", "--tag", "web", str(folder))
    docker(docker_machine, name, "run", "--detach", "--restart", "always", "--publish", f"{port}:80", "web")


def fetched(address, port, limit=20):
    """The page there, or why there is none after `limit` seconds."""
    made = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", "3", "--retry", "10", "--retry-all-errors", "--retry-delay", "1",
                           "--retry-max-time", str(limit), f"http://{address}:{port}/"], capture_output=True, text=True, check=False)
    return made.stdout or made.stderr


def row(docker_machine, name):
    """The line of `ls` as a dict; it has to be fetched without an error."""
    listed = docker_machine.run("ls", "--format", "{{.Name}}|{{.State}}|{{.URL}}|{{.Error}}", "--filter", f"name={name}")
    assert listed.code == 0, str(listed)
    words = listed.out.strip().split("|")
    return dict(zip(("name", "state", "url", "error"), words))


def driver_of(docker_machine, name):
    return json.loads(docker_machine("inspect", name))["Driver"]


def test_the_tutorials_line(ec2, ec2_trace, moto, trace, docker_machine, ssh_door, tmp_path):
    """From the tutorials' `create` to `rm`: docker over TLS, a page through the opened port, another address after a stop, nothing left."""
    create = ["create", *flags(ec2_trace, "--amazonec2-open-port", "8000", "--amazonec2-instance-type", "t2.large")]
    shown = docker_machine(*create, "aws-sandbox", limit=CREATE_LIMIT)
    assert "Launching instance...\n" in shown and "Docker is up and running!\n" in shown
    assert_one_create(ec2_trace)
    calls = list(ec2_trace.calls)

    instance = driver_of(docker_machine, "aws-sandbox")["InstanceId"]
    described = instance_of(ec2, instance)
    address = described["PublicIpAddress"]
    assert described["InstanceType"] == "t2.large" and described["MetadataOptions"]["HttpTokens"] == "required"
    assert {"Key": "Name", "Value": "aws-sandbox"} in described["Tags"]
    volume = ec2.aws("ec2", "describe-volumes")["Volumes"][0]
    assert (volume["VolumeType"], volume["Size"]) == ("gp2", 16)  # the original's
    image = ec2.aws("ec2", "describe-images", "--image-ids", described["ImageId"])["Images"][0]
    assert image["Name"] == "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260905"
    assert driver_of(docker_machine, "aws-sandbox")["AMI"] == described["ImageId"]

    # What moto received is all that the host has of us, and the first contact was with the key in it.
    host = ec2.hosts.host(instance)
    kind, key = (docker_machine.store / "machines" / "aws-sandbox" / "known_hosts").read_text().split()[1:3]
    assert host.host_key({"ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "ecdsa"}[kind]) == f"{kind} {key}"
    assert key in host.user_data.decode()

    assert docker_machine("ip", "aws-sandbox") == f"{address}\n"
    assert docker_machine("url", "aws-sandbox") == f"tcp://{address}:2376\n"
    assert row(docker_machine, "aws-sandbox") == {"name": "aws-sandbox", "state": "Running", "url": f"tcp://{address}:2376", "error": ""}
    assert docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Name}}") == "aws-sandbox\n"
    assert "provider=amazonec2" in docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Labels}}")
    assert docker_machine("ssh", "aws-sandbox", "id", "-un") == "ubuntu\n"

    serve_page(docker_machine, "aws-sandbox", tmp_path / "web", 8000)
    assert fetched(address, 8000) == "served by a machine\n"
    group = ec2.aws("ec2", "describe-security-groups", "--group-ids", described["SecurityGroups"][0]["GroupId"])["SecurityGroups"][0]
    assert sorted((rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["IpPermissions"]) == [
        ("tcp", port, port) for port in (22, 2376, 8000)]

    docker_machine("stop", "aws-sandbox", limit=CREATE_LIMIT)
    wait_for_state(ec2, instance, "stopped")
    assert docker_machine("status", "aws-sandbox") == "Stopped\n"
    docker_machine("start", "aws-sandbox", limit=CREATE_LIMIT)
    other = instance_of(ec2, instance)["PublicIpAddress"]
    assert other != address and docker_machine("ip", "aws-sandbox") == f"{other}\n"
    assert docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Name}}") == "aws-sandbox\n"
    assert fetched(other, 8000) == "served by a machine\n"

    docker_machine("restart", "aws-sandbox", limit=CREATE_LIMIT)
    assert docker_machine("status", "aws-sandbox") == "Running\n"
    docker_machine("kill", "aws-sandbox", limit=CREATE_LIMIT)
    wait_for_state(ec2, instance, "stopped")
    assert row(docker_machine, "aws-sandbox")["state"] == "Stopped"
    docker_machine("rm", "-y", "aws-sandbox", limit=CREATE_LIMIT)
    assert ec2.left() == [] and not (docker_machine.store / "machines" / "aws-sandbox").exists()

    # Those in test_amazonec2_losses.py are killed at every call that a create of real life makes.
    twin = make_subject(moto, trace, docker_machine, ssh_door, "twin")
    points = crash.points_of(crash.traced_create(twin))
    crash.assert_covered(calls, points, "a create with a host")


def test_changed_behind_our_back(ec2, ec2_trace, docker_machine):
    """Stopped, started with another address, tagged and terminated with the provider's own program."""
    docker_machine("create", *flags(ec2_trace), "dev", limit=CREATE_LIMIT)
    instance = driver_of(docker_machine, "dev")["InstanceId"]

    ec2.aws("ec2", "stop-instances", "--instance-ids", instance)
    wait_for_state(ec2, instance, "stopped")
    assert row(docker_machine, "dev")["state"] == "Stopped" and docker_machine("status", "dev") == "Stopped\n"
    for command in ("env", "config", "ssh"):
        refused = docker_machine.run(command, "dev", *(["true"] if command == "ssh" else []), limit=120)
        assert refused.code != 0 and "not running" in refused.err, str(refused)
    assert 'Machine "dev" is already stopped.' in docker_machine.run("stop", "dev", limit=120).err

    before = docker_machine.run("ip", "dev").out
    ec2.aws("ec2", "start-instances", "--instance-ids", instance)
    wait_for_state(ec2, instance, "running")
    other = instance_of(ec2, instance)["PublicIpAddress"]
    assert row(docker_machine, "dev")["state"] == "Running"
    ec2.hosts.host(instance).wait_for_ssh()
    assert docker_machine("ssh", "dev", "hostname", limit=120) == "dev\n"
    assert docker_machine("ip", "dev") == f"{other}\n" != before
    assert 'Machine "dev" is already running.' in docker_machine.run("start", "dev", limit=120).err
    # The certificate did not name that address, and nothing had to be done for it.
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"

    ec2.aws("ec2", "create-tags", "--resources", instance, "--tags", "Key=Name,Value=renamed")
    assert row(docker_machine, "dev")["state"] == "Running" and docker_machine("status", "dev") == "Running\n"

    ec2.aws("ec2", "terminate-instances", "--instance-ids", instance)
    wait_for_state(ec2, instance, "terminated")
    assert row(docker_machine, "dev")["state"] == "Error"
    for command in ("start", "stop", "env", "kill"):
        refused = docker_machine.run(command, "dev", limit=120)
        assert refused.code != 0 and refused.err, str(refused)
    docker_machine("rm", "-y", "dev", limit=120)
    assert ec2.left() == []


@pytest.mark.parametrize("ec2", ["cloud"], indirect=True)
def test_the_users_own_user_data_is_merged(ec2, ec2_trace, docker_machine, tmp_path):
    """On an image without docker, as clouds have them, and reached by the private address alone."""
    data = tmp_path / "data"
    data.write_text("#cloud-config\nwrite_files:\n  - path: /srv/users\n    content: own\nusers:\n  - default\n  - name: guest\n")
    docker_machine("create", *flags(ec2_trace, "--amazonec2-userdata", data, "--amazonec2-private-address-only"), "dev", limit=CREATE_LIMIT)
    described = instance_of(ec2, driver_of(docker_machine, "dev")["InstanceId"])
    assert "PublicIpAddress" not in described and docker_machine("ip", "dev") == described["PrivateIpAddress"] + "\n"
    assert docker_machine("ssh", "dev", "cat", "/srv/users") == "own"
    assert "guest" in docker_machine("ssh", "dev", "getent", "passwd", "guest")
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"
    docker_machine("rm", "-y", "dev", limit=120)
    assert ec2.left() == []
