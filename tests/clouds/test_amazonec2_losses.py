"""amazonec2 without hosts: whatever happens to a create or an rm, nothing that is paid for is lost."""

import signal
import time

import pytest

import api_trace
import crash
from amazonec2 import make_subject


def test_killed_at_every_call_of_create(subject):
    points = crash.kill_create_at_every_call(subject)
    assert {"CreateSecurityGroup 1", "ImportKeyPair 1", "RunInstances 2"} <= {point.id for point in points}, points


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
        subject.died(subject.create, crash.Point("RunInstances 2", when))  # the first one is a dry run
        subject.assert_removable(f"killed {when} RunInstances, and not seen yet")


def test_what_was_throttled_and_is_not_seen_yet_is_not_lost(make_moto, make_trace, docker_machine, ssh_door):
    """The launch was let in only after a while, longer than an instance is unseen: `rm` counts from now."""
    moto = make_moto(unseen=3)
    docker_machine.environment.update(moto.credentials)
    subject = make_subject(moto, make_trace(moto), docker_machine, ssh_door)
    tries = []

    def throttled_for_a_while(trace, call, forward):
        if "DryRun" in call.parameters:
            return forward()
        tries.append(time.monotonic())
        if tries[-1] - tries[0] < 17:
            return api_trace.throttled()(trace, call, forward)
        forward()
        return trace.kill()

    subject.begin()
    subject.trace.at("RunInstances", throttled_for_a_while, times=100)
    running = subject.docker_machine.start(*subject.create)
    subject.trace.watch(running)
    assert subject.finished(running).code == -signal.SIGKILL, subject.trace.table()
    assert [one["state"] for one in moto.state()["instances"]] in (["pending"], ["running"]), moto.state()["instances"]
    subject.assert_removable("throttled, killed after RunInstances, and not seen yet")


def test_killed_with_an_address_and_a_group_of_others(moto, make_trace, docker_machine, ssh_door):
    """The address is released, the ports are closed, and the group stays."""
    group = moto.aws("ec2", "create-security-group", "--group-name", "office", "--description", "d")["GroupId"]
    more = ("--amazonec2-elastic-ip", "allocate", "--amazonec2-security-group", "office", "--amazonec2-open-port", "8000")
    subject = make_subject(moto, make_trace(moto), docker_machine, ssh_door, more=more)

    def left():
        rules = next(one["rules"] for one in moto.state()["groups"] if one["id"] == group)
        return [line for line in moto.left() if not line.startswith("security group office ")] + [f"rule {rule}" for rule in rules]

    subject.left = left
    made = {call.id for call in crash.traced_create(subject)}
    for call in ("AuthorizeSecurityGroupIngress 1", "AllocateAddress 1", "RunInstances 2", "AssociateAddress 1"):
        assert call in made
        for when in ("before", "after"):
            subject.died(subject.create, crash.Point(call, when))
            subject.assert_removable(f"killed {when} {call}")


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


def test_a_failed_create_removes_all_if_told_to(subject, moto):
    """With --on-failure remove nobody has to think of rm."""
    for call in ("AuthorizeSecurityGroupIngress 1", "ImportKeyPair 1", "RunInstances 2", "DescribeInstances 1"):
        subject.begin()
        subject.trace.at(call, api_trace.ec2_error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403))
        result = subject.finished(subject.docker_machine.start(*subject.create, "--on-failure", "remove"))
        assert result.code == 1 and "not authorized" in result.err, f"{call}: {result}"
        assert subject.docker_machine("ls", "-q") == "" and moto.left() == [], f"{call}: {result}"
