"""docker-machine with the amazonec2 driver, against moto: from `create` to `rm`."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

import api_trace
import crash
from test_harness import SERVER

CREATE_LIMIT = 300
MOST_CALLS = 12  # of one create, besides polls
USAGE = 3  # the exit code of a refusal before anything was created


def flags(trace, *more):
    """What leads docker-machine to the trace in front of moto; the keys are in its environment."""
    return ["--driver", "amazonec2", "--amazonec2-endpoint", trace.url, "--amazonec2-insecure-transport", "--amazonec2-region", "us-east-1",
            *more]


@pytest.fixture
def ec2_trace(ec2, make_trace, docker_machine):
    """What is between docker-machine and an EC2 of real hosts."""
    docker_machine.environment.update(ec2.credentials)
    return make_trace(ec2)


@pytest.fixture
def subject(moto, trace, docker_machine, ssh_door):
    """A create against an EC2 without hosts, which comes as far as SSH."""
    docker_machine.environment.update(moto.credentials)
    return make_subject(moto, trace, docker_machine, ssh_door)


def make_subject(moto, trace, docker_machine, ssh_door, name="dev"):
    words = flags(trace, "--amazonec2-ssh-port", str(ssh_door.port), "--amazonec2-open-port", "8000")
    return crash.Subject(docker_machine, words, name, trace, ssh_door, moto.left)


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


def wait_for_state(moto, instance, state, limit=20):
    until = time.monotonic() + limit
    while instance_of(moto, instance)["State"]["Name"] != state:
        assert time.monotonic() < until, f"{instance} does not become {state}"


def instance_of(moto, instance):
    """What `aws ec2 describe-instances` says of it."""
    return moto.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"][0]


def driver_of(docker_machine, name):
    return json.loads(docker_machine("inspect", name))["Driver"]


def assert_one_create(trace):
    assert len(trace.asked) <= MOST_CALLS, trace.table()


# --- with real hosts


def test_the_tutorials_line(ec2, ec2_trace, docker_machine, ssh_door, tmp_path):
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
    assert volume["VolumeType"] == "gp3" and volume["Encrypted"] and volume["Size"] == 16
    image = ec2.aws("ec2", "describe-images", "--image-ids", described["ImageId"])["Images"][0]
    assert image["Name"] == "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260905"
    assert driver_of(docker_machine, "aws-sandbox")["AMI"] == described["ImageId"]

    # What moto received is all that the host has of us, and the first contact was with the key in it.
    host = ec2.hosts.host(instance)
    pinned = (docker_machine.store / "machines" / "aws-sandbox" / "known_hosts").read_text()
    assert host.host_key("ed25519").split()[1] in pinned
    assert host.host_key("ed25519").split()[1] in host.user_data.decode("utf-8", "replace")

    assert docker_machine("ip", "aws-sandbox") == f"{address}\n"
    assert docker_machine("url", "aws-sandbox") == f"tcp://{address}:2376\n"
    assert row(docker_machine, "aws-sandbox") == {"name": "aws-sandbox", "state": "Running", "url": f"tcp://{address}:2376", "error": ""}
    assert docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Name}}") == "aws-sandbox\n"
    assert "provider=amazonec2" in docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Labels}}")
    assert docker_machine("ssh", "aws-sandbox", "id", "-un") == "ubuntu\n"

    serve_page(docker_machine, "aws-sandbox", tmp_path / "web", 8000)
    assert fetched(address, 8000) == "served by a machine\n"
    rules = ec2.aws("ec2", "describe-security-groups", "--group-ids", described["SecurityGroups"][0]["GroupId"])["SecurityGroups"][0]["IpPermissions"]
    assert sorted((rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules) == [("tcp", 22, 22), ("tcp", 2376, 2376), ("tcp", 8000, 8000)]

    docker_machine("stop", "aws-sandbox", limit=CREATE_LIMIT)
    wait_for_state(ec2, instance, "stopped")
    assert docker_machine("status", "aws-sandbox") == "Stopped\n"
    docker_machine("start", "aws-sandbox", limit=CREATE_LIMIT)
    other = instance_of(ec2, instance)["PublicIpAddress"]
    assert other != address and docker_machine("ip", "aws-sandbox") == f"{other}\n"
    docker_machine("regenerate-certs", "-f", "aws-sandbox", limit=CREATE_LIMIT)
    assert docker(docker_machine, "aws-sandbox", "info", "--format", "{{.Name}}") == "aws-sandbox\n"
    assert fetched(other, 8000) == "served by a machine\n"

    docker_machine("restart", "aws-sandbox", limit=CREATE_LIMIT)
    assert docker_machine("status", "aws-sandbox") == "Running\n"
    docker_machine("kill", "aws-sandbox", limit=CREATE_LIMIT)
    wait_for_state(ec2, instance, "stopped")
    assert row(docker_machine, "aws-sandbox")["state"] == "Stopped"
    docker_machine("rm", "-y", "aws-sandbox", limit=CREATE_LIMIT)
    assert ec2.left() == [] and not (docker_machine.store / "machines" / "aws-sandbox").exists()

    # The crashes below are at every call that a create of real life makes.
    twin = make_subject(ec2, ec2_trace, docker_machine, ssh_door, "twin")
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
    docker_machine("stop", "dev", limit=120)

    before = docker_machine.run("ip", "dev").out
    ec2.aws("ec2", "start-instances", "--instance-ids", instance)
    wait_for_state(ec2, instance, "running")
    other = instance_of(ec2, instance)["PublicIpAddress"]
    assert row(docker_machine, "dev")["state"] == "Running"
    ec2.hosts.host(instance).wait_for_ssh()
    assert docker_machine("ssh", "dev", "hostname", limit=120) == "dev\n"
    assert docker_machine("ip", "dev") == f"{other}\n" != before
    docker_machine("start", "dev", limit=120)
    docker_machine("regenerate-certs", "-f", "dev", limit=CREATE_LIMIT)
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
    assert docker_machine("ssh", "dev", "cat", "/srv/users") == "own" and "guest" in docker_machine("ssh", "dev", "getent", "passwd", "guest")
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}") == "dev\n"
    docker_machine("rm", "-y", "dev", limit=120)
    assert ec2.left() == []


# --- without hosts: nothing is lost


def test_killed_at_every_call_of_create(subject):
    points = crash.kill_create_at_every_call(subject)
    assert {"ImportKeyPair 1", "RunInstances 1"} & {point.id for point in points}, points


def test_killed_at_every_call_of_rm(subject):
    points = crash.kill_rm_at_every_call(subject)
    assert "TerminateInstances 1" in {point.id for point in points}


def test_killed_at_every_write_of_create(subject, tmp_path):
    strace = crash.find_strace()
    if not strace:
        pytest.skip("NOT TESTED: crashes at every write need strace")
    points = crash.points_of(crash.traced_create(subject))
    assert crash.kill_create_at_every_write(subject, strace, tmp_path, points) >= 8


def test_what_is_not_seen_yet_is_not_lost(make_moto, make_trace, docker_machine, ssh_door):
    """EC2 may not describe an instance that was made a moment ago: killed then, `rm` finds it all the same."""
    moto = make_moto(unseen=3)
    docker_machine.environment.update(moto.credentials)
    subject = make_subject(moto, make_trace(moto), docker_machine, ssh_door)
    crash.traced_create(subject)
    for when in ("before", "after"):
        subject.died(subject.create, crash.Point("RunInstances 1", when))
        subject.assert_removable(f"killed {when} RunInstances, and not seen yet")


def test_a_lost_answer_costs_nothing(subject, moto):
    """The line is cut after the provider has done it: it is asked again, with the same token."""
    for kind in dict.fromkeys(call.kind for call in crash.traced_create(subject)):
        subject.begin()
        subject.trace.at(kind, api_trace.lose_answer())
        subject.up_to_ssh()
        living = [one for one in moto.state()["instances"] if one["state"] in ("pending", "running")]
        assert len(living) == 1, f"{kind}: {living}\n{subject.trace.table()}"
        subject.assert_removable(f"the answer of {kind} was lost")


def test_throttling_is_waited_out(subject):
    for call in crash.traced_create(subject):
        if call.poll:
            continue
        subject.begin()
        subject.trace.at(call.id, api_trace.throttled(), times=2)
        subject.up_to_ssh()
        subject.assert_removable(f"throttled at {call.id}")


def test_a_failed_create_leaves_nothing(subject, moto):
    """EC2 says no to each call in turn: what was made is gone, or the machine is listed and rm takes the rest."""
    for call in crash.traced_create(subject):
        if call.poll:
            continue
        subject.begin()
        subject.trace.at(call.id, api_trace.ec2_error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
        result = subject.finished(subject.docker_machine.start(*subject.create))
        if not subject.door.reached.is_set():  # else it could do without
            assert result.code not in (0, -9) and "not authorized" in result.err, f"{call.id}: {result}"
        subject.assert_removable(f"refused at {call.id}")


# --- without hosts: calls


def test_a_create_takes_few_calls(subject):
    crash.traced_create(subject)
    subject.begin()
    subject.up_to_ssh()
    assert_one_create(subject.trace)
    subject.assert_removable("at the end")


def test_ls_of_many_machines_is_one_call(subject, moto):
    """One of them is terminated and spoils nothing: each row has its own state."""
    for name in ("a", "b", "c"):
        subject.begin()
        make_subject(moto, subject.trace, subject.docker_machine, subject.door, name).up_to_ssh()
    moto.aws("ec2", "terminate-instances", "--instance-ids", moto.instance("b")["id"])
    moto.aws("ec2", "stop-instances", "--instance-ids", moto.instance("c")["id"])
    wait_for_state(moto, moto.instance("c")["id"], "stopped")
    subject.begin()
    listed = subject.docker_machine("ls", "--timeout", "3", "--format", "{{.Name}} {{.State}}").split("\n")
    assert listed[1:3] == ["b Error", "c Stopped"], listed
    assert len(subject.trace.calls) == 1, subject.trace.table()
    subject.docker_machine("rm", "-y", "a", "b", "c", limit=120)
    assert moto.left() == []


def test_no_secret_is_shown(subject, moto):
    """Not with --debug, and not in the arguments of a process; config.json is the user's alone."""
    running = subject.up_to_ssh(before=())
    assert moto.secret_key not in " ".join(running.argv)
    shown = subject.docker_machine.run("--debug", "rm", "-y", subject.name, limit=120)
    assert shown.code == 0 and moto.secret_key not in shown.out + shown.err
    assert not re.search(r"Signature=[0-9a-f]{64}", shown.out + shown.err)
    subject.begin()
    subject.up_to_ssh()
    config = subject.docker_machine.store / "machines" / subject.name / "config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    subject.assert_removable("at the end")


@pytest.mark.parametrize("more, words", [
    (["--amazonec2-ami", "ami-00000000000000000"], "ami-00000000000000000"),
    (["--amazonec2-instance-type", "t9.nano"], "t9.nano"),
    (["--amazonec2-keypair-name", "missing", "--amazonec2-ssh-keypath", "KEY"], "There is no keypair with the name missing"),
    (["--amazonec2-subnet-id", "subnet-00000000"], "subnet"),
    (["--amazonec2-vpc-id", "vpc-00000000"], "vpc-00000000"),
    (["--amazonec2-open-port", "http"], "http"),
    (["--amazonec2-zone", "q"], "zone"),
    (["--amazonec2-secret-key", "wrong", "--amazonec2-access-key", "AKIAIOSFODNN7EXAMPLE"], "credentials"),
])
def test_bad_input_is_refused_before_anything_is_made(subject, moto, tmp_path, more, words):
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    refused = subject.docker_machine.run("create", *subject.words, *(str(key) if word == "KEY" else word for word in more), "dev", limit=60)
    assert refused.code == USAGE and words.lower() in refused.err.lower(), str(refused)
    assert moto.left() == [] and moto.state()["instances"] == []
    assert not (subject.docker_machine.store / "machines" / "dev").exists()


def test_a_quota_is_told_in_the_providers_words(subject, moto):
    subject.begin()
    subject.trace.at("RunInstances", api_trace.ec2_error("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 5 allows"))
    refused = subject.docker_machine.run(*subject.create, limit=60)
    assert refused.code != 0 and "vCPU limit of 5" in refused.err, str(refused)
    subject.assert_removable("the quota was reached")


def test_a_provider_that_hangs_is_given_up(subject, moto):
    """No wait without an end: `ls` answers in its time and says why."""
    subject.begin()
    subject.up_to_ssh()
    subject.begin()
    subject.trace.at(None, api_trace.hang(), times=50)
    began = time.monotonic()
    listed = subject.docker_machine.run("ls", "--timeout", "2", limit=30)
    assert listed.code == 0 and "dev" in listed.out and time.monotonic() - began < 10, str(listed)
    subject.assert_removable("at the end")


def test_a_second_account_of_the_same_name(moto, make_moto, make_trace, docker_machine, ssh_door):
    """Two machines in two accounts: a call each, and neither is looked for in the other's."""
    other = make_moto()
    made = []
    for name, account in (("a", moto), ("b", other)):
        docker_machine.environment.update(account.credentials)
        made.append(make_subject(account, make_trace(account), docker_machine, ssh_door, name))
        made[-1].begin()
        made[-1].up_to_ssh()
    for one in made:
        one.begin()
    docker_machine("ls", "--timeout", "3")
    assert [len(one.trace.calls) for one in made] == [1, 1]
