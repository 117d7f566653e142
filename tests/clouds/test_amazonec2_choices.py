"""amazonec2 without hosts: how many calls it makes, what it chooses, and what it refuses."""

import dataclasses
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

import api_trace
import crash
from amazonec2 import assert_one_create, flags, instance_of, make_subject, wait_for_state

USAGE = 3  # the exit code of a refusal before anything was created


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
    listed = subject.docker_machine("ls", "--timeout", "3", "--format", "{{.Name}} {{.State}} {{.Error}}").split("\n")
    assert "was terminated" in listed[1] and "terminated" not in listed[0] + listed[2], listed
    assert len(subject.trace.calls) == 1, subject.trace.table()
    subject.docker_machine("rm", "-y", "a", "b", "c", limit=120)
    assert moto.left() == []


def words_of_session(leader):
    """The arguments of all processes that a command has started, and its own."""
    words = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == leader:
                words.update((folder / "cmdline").read_text(errors="replace").split("\0"))
        except OSError:
            pass  # it has ended
    return words


def test_no_secret_is_shown(subject, moto):
    """Not with --debug, and not in the arguments of a process; config.json is the user's alone."""
    token = "FwoGZXIvYXdzEXAMPLE"  # which moto refuses, since the key is no temporary one
    subject.docker_machine.environment["AWS_SESSION_TOKEN"] = token
    subject.begin()
    refused = subject.docker_machine.run("--debug", *subject.create, limit=60)
    del subject.docker_machine.environment["AWS_SESSION_TOKEN"]
    assert refused.code == USAGE and token in {value for name, value in subject.trace.calls[0].headers if name.lower() == "x-amz-security-token"}
    subject.begin()
    running = subject.docker_machine.start("--debug", *subject.create)
    words = set()
    try:
        until = time.monotonic() + crash.REACH_LIMIT
        while running.alive and not subject.door.reached.wait(0.02) and time.monotonic() < until:
            words |= words_of_session(running.pid)
        words |= words_of_session(running.pid)
        made = subject.stopped(running)
    finally:
        running.abandon()
    assert subject.door.reached.is_set() and str(subject.docker_machine.binary) in words, f"{made}\n{words}"
    removed = subject.docker_machine.run("--debug", "rm", "-y", subject.name, limit=120)
    assert removed.code == 0, str(removed)
    shown = "\n".join([refused.out, refused.err, made.out, made.err, removed.out, removed.err, *words])
    assert "RunInstances" in made.err and "TerminateInstances" in removed.err  # it did tell what it does
    assert moto.secret_key not in shown and token not in shown
    assert not re.search(r"Signature=[0-9a-f]{64}", shown)
    subject.begin()
    subject.up_to_ssh()
    config = subject.docker_machine.store / "machines" / subject.name / "config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    subject.assert_removable("at the end")


@pytest.mark.parametrize("reference", ["env:MY_SECRET", "command:printf %s \"$MY_SECRET\""])
def test_a_secret_may_be_a_reference(subject, moto, reference):
    """It is looked up at each use, and never stored."""
    environment = subject.docker_machine.environment
    del environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_ACCESS_KEY_ID"]
    environment["MY_SECRET"] = moto.secret_key
    subject.words += ["--amazonec2-access-key", moto.access_key, "--amazonec2-secret-key", reference]
    subject.begin()
    subject.up_to_ssh()
    config = (subject.docker_machine.store / "machines" / subject.name / "config.json").read_text()
    assert json.loads(config)["Driver"]["SecretKey"] == reference and moto.secret_key not in config
    subject.assert_removable("by a reference")


@pytest.mark.parametrize("more, words", [
    (["--amazonec2-ami", "ami-00000000000000000"], "ami-00000000000000000"),
    (["--amazonec2-instance-type", "t9.nano"], "t9.nano"),
    (["--amazonec2-keypair-name", "missing", "--amazonec2-ssh-keypath", "KEY"], "There is no keypair with the name missing"),
    (["--amazonec2-subnet-id", "subnet-00000000"], "subnet"),
    (["--amazonec2-vpc-id", "vpc-00000000"], "vpc-00000000"),
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
    said = "You have requested more vCPU capacity than your current vCPU limit of 5 allows"
    subject.trace.at("RunInstances", api_trace.ec2_error("VcpuLimitExceeded", said))
    refused = subject.docker_machine.run(*subject.create, limit=60)
    assert refused.code == USAGE and said in refused.err, str(refused)
    assert moto.left() == [] and subject.docker_machine("ls", "-q") == ""


def test_a_quota_that_the_launch_meets_leaves_nothing(subject, moto):
    """The dry run was allowed; then it is too late for a check, and everything is taken back."""
    subject.begin()
    said = "You have requested more vCPU capacity than your current vCPU limit of 5 allows"
    for number in range(2, 42):
        subject.trace.at(f"RunInstances {number}", api_trace.ec2_error("VcpuLimitExceeded", said))
    refused = subject.docker_machine.run(*subject.create, limit=60)
    assert refused.code == USAGE and said in refused.err, str(refused)
    assert moto.left() == []
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


# --- what is chosen


def created(subject, moto, *more):
    """The instance of a create with these flags, as `aws` describes it."""
    subject = dataclasses.replace(subject, words=[*subject.words, *more])
    subject.begin()
    subject.up_to_ssh()
    return instance_of(moto, moto.instance(subject.name)["id"])


def test_a_spot_instance(subject, moto):
    made = created(subject, moto, "--amazonec2-request-spot-instance", "--amazonec2-spot-price=", "--amazonec2-instance-type", "t3.large")
    assert made["InstanceLifecycle"] == "spot" and made["InstanceType"] == "t3.large"
    subject.assert_removable("spot")


def test_where_no_spot_instance_is_to_be_had_it_is_an_ordinary_one(subject, moto):
    """Of several types the first that can be had."""
    subject.begin()
    subject.words += ["--amazonec2-request-spot-instance", "--amazonec2-spot-fallback", "--amazonec2-instance-type", "t3.large",
                      "--amazonec2-instance-type", "t3a.large"]
    full = api_trace.ec2_error("InsufficientInstanceCapacity", "There is no Spot capacity available.", 500)

    def no_spot(trace, call, forward):
        spot = "InstanceMarketOptions.MarketType" in call.parameters and "DryRun" not in call.parameters
        return full(trace, call, forward) if spot else forward()

    subject.trace.at("RunInstances", no_spot, times=100)
    subject.up_to_ssh()
    made = instance_of(moto, moto.instance("dev")["id"])
    assert "InstanceLifecycle" not in made, subject.trace.table()
    asked = [(call.parameters.get("InstanceMarketOptions.MarketType"), call.parameters["InstanceType"]) for call in subject.trace.calls
             if call.kind == "RunInstances" and "DryRun" not in call.parameters]
    assert list(dict.fromkeys(asked)) == [("spot", "t3.large"), ("spot", "t3a.large"), (None, "t3.large")]
    subject.assert_removable("fallback")


def test_a_fleet(subject, moto):
    made = created(subject, moto, "--amazonec2-use-fleet", "--amazonec2-instance-type", "t3.large",
                   "--amazonec2-instance-type", "t3a.large")
    assert made["InstanceType"] in ("t3.large", "t3a.large") and made["MetadataOptions"]["HttpTokens"] == "required"
    assert subject.trace.count("CreateFleet") == 1
    subject.assert_removable("fleet")


def test_an_elastic_address_is_kept(subject, moto):
    """Across a stop and a start, and released by rm."""
    made = created(subject, moto, "--amazonec2-elastic-ip", "allocate")
    address = moto.aws("ec2", "describe-addresses")["Addresses"][0]["PublicIp"]
    assert made["PublicIpAddress"] == address == subject.docker_machine("ip", "dev").strip()
    for command, state in (("stop-instances", "stopped"), ("start-instances", "running")):
        moto.aws("ec2", command, "--instance-ids", made["InstanceId"])
        wait_for_state(moto, made["InstanceId"], state)
    assert instance_of(moto, made["InstanceId"])["PublicIpAddress"] == address
    subject.assert_removable("elastic")


def test_arm_and_debian(subject, moto):
    """The newest image that fits the instance type, and the name by which its makers let in."""
    made = created(subject, moto, "--amazonec2-instance-type", "t4g.small")
    image = moto.aws("ec2", "describe-images", "--image-ids", made["ImageId"])["Images"][0]
    assert image["Name"] == "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20260905"
    subject.assert_removable("arm")
    made = created(subject, moto, "--amazonec2-ami", "debian", "--amazonec2-instance-type", "t3.small")
    image = moto.aws("ec2", "describe-images", "--image-ids", made["ImageId"])["Images"][0]
    assert image["Name"] == "debian-13-amd64-20260825-2210" and made["RootDeviceName"] == "/dev/xvda"
    subject.assert_removable("debian")


def test_disk_zone_subnet_tags_and_metadata(subject, moto):
    subnet = next(row for row in moto.aws("ec2", "describe-subnets")["Subnets"] if row["AvailabilityZone"] == "us-east-1c")
    made = created(subject, moto, "--amazonec2-subnet-id", subnet["SubnetId"], "--amazonec2-root-size", "40",
                   "--amazonec2-volume-type", "gp3", "--amazonec2-volume-iops", "4000", "--amazonec2-volume-throughput", "250",
                   "--amazonec2-volume-encrypted", "--amazonec2-tags", "owner,us,purpose,test", "--amazonec2-metadata-token", "optional",
                   "--amazonec2-monitoring")
    assert made["SubnetId"] == subnet["SubnetId"] and made["Placement"]["AvailabilityZone"] == "us-east-1c"
    assert made["MetadataOptions"]["HttpTokens"] == "optional" and made["Monitoring"]["State"] == "enabled"
    volume = moto.aws("ec2", "describe-volumes")["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (40, "gp3", True)
    asked = [call for call in subject.trace.calls if call.kind == "RunInstances"][-1].parameters
    assert asked["BlockDeviceMapping.1.Ebs.Iops"] == "4000" and asked["BlockDeviceMapping.1.Ebs.Throughput"] == "250"
    for tagged in (made["Tags"], volume["Tags"], moto.aws("ec2", "describe-key-pairs")["KeyPairs"][0]["Tags"]):
        assert {"Key": "owner", "Value": "us"} in tagged and {"Key": "purpose", "Value": "test"} in tagged, tagged
    subject.assert_removable("disk")


def test_a_group_of_two_machines_goes_with_the_last(subject, moto):
    other = make_subject(moto, subject.trace, subject.docker_machine, subject.door, "other", ("--amazonec2-open-port", "8001"))
    for one in (subject, other):
        one.begin()
        one.up_to_ssh()
    groups = [group for group in moto.state()["groups"] if group["name"] != "default"]
    assert [group["name"] for group in groups] == ["docker-machine"]
    subject.docker_machine("rm", "-y", "dev", limit=60)
    assert [line for line in moto.left() if line.startswith("security group")], moto.left()
    other.docker_machine("rm", "-y", "other", limit=60)
    assert moto.left() == []


def test_a_group_that_was_there_stays(subject, moto):
    """With the rules that it had; what was opened for the machine is closed again."""
    group = moto.aws("ec2", "create-security-group", "--group-name", "office", "--description", "d")["GroupId"]
    moto.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", "0.0.0.0/0")
    created(subject, moto, "--amazonec2-security-group", "office")
    known = next(one for one in moto.state()["groups"] if one["id"] == group)
    assert {443, 2376, 8000} <= {rule["first"] for rule in known["rules"]}
    subject.docker_machine("rm", "-y", "dev", limit=60)
    known = next(one for one in moto.state()["groups"] if one["id"] == group)
    assert [rule["first"] for rule in known["rules"]] == [443]
    assert [line.split()[0] for line in moto.left()] == ["security"]


def test_a_group_of_others_is_closed_by_the_last_of_two_machines(subject, moto):
    """Also if that one found the ports open; until then they are no orphans, and are kept."""
    group = moto.aws("ec2", "create-security-group", "--group-name", "office", "--description", "d")["GroupId"]
    more = ("--amazonec2-open-port", "8000", "--amazonec2-security-group", "office")
    for name in ("first", "second"):
        one = make_subject(moto, subject.trace, subject.docker_machine, subject.door, name, more)
        one.begin()
        one.up_to_ssh()

    def opened():
        return {rule["first"] for rule in next(one for one in moto.state()["groups"] if one["id"] == group)["rules"]}

    assert {2376, 8000} <= opened()
    subject.docker_machine("rm", "-y", "first", limit=60)
    assert {2376, 8000} <= opened() and subject.docker_machine("orphans", limit=60) == ""
    subject.docker_machine("rm", "-y", "second", limit=60)
    assert opened() == set()
    assert [line.split()[:3] for line in moto.left()] == [["security", "group", "office"]]


# --- what is left behind


def test_rm_force_notes_what_it_could_not_remove(subject, moto):
    """It forgets the machine whatever the provider says, exits with 0, and `orphans` knows the rest."""
    subject.begin()
    subject.up_to_ssh()
    subject.begin()
    subject.trace.at(None, api_trace.ec2_error("UnauthorizedOperation", "You are not authorized.", 403), times=1000)
    removed = subject.docker_machine.run("rm", "-f", "dev", limit=120)
    assert removed.code == 0 and crash.visible(subject.docker_machine.store) == [], str(removed)
    subject.begin()
    noted = json.loads(subject.docker_machine("orphans", "--format", "json", limit=60))
    assert [row["Machine"] for row in noted] == ["dev"] and "not authorized" in noted[0]["Why"]
    subject.docker_machine("orphans", "--remove", "-y", limit=120)
    assert moto.left() == [] and subject.docker_machine("orphans", limit=60) == ""


def test_orphans_finds_by_tag(subject, moto):
    """The machine's folder is lost; what carries this store's tag is found, and what carries another's is not."""
    made = created(subject, moto)
    for folder in (subject.docker_machine.store / "machines").iterdir():
        subprocess.run(["rm", "-r", folder], check=True)
    moto.aws("ec2", "run-instances", "--image-id", made["ImageId"], "--instance-type", "t3.micro")
    search = ["orphans", *flags(subject.trace)]
    found = json.loads(subject.docker_machine(*search, "--format", "json", limit=60))
    assert made["InstanceId"] in {row["Id"] for row in found} and {row["Machine"] for row in found} == {"dev", ""}  # the group is nobody's
    subject.docker_machine(*search, "--remove", "-y", limit=120)
    assert [line.split()[0] for line in moto.left()] == ["instance", "volume", "interface"], moto.left()
