"""amazonec2 without hosts: whatever happens to a create or an rm, nothing that is paid for is lost."""

import pytest

import api_trace
import crash
from amazonec2 import make_subject


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
