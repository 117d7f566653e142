"""What the tests of amazonec2 share: how docker-machine gets to moto, and what moto says of an instance."""

import time

import crash

MOST_CALLS = 12  # of one create, besides polls


def flags(trace, *more):
    """What leads docker-machine to the trace in front of moto; the keys are in its environment."""
    return ["--driver", "amazonec2", "--amazonec2-endpoint", trace.url, "--amazonec2-insecure-transport", "--amazonec2-region", "us-east-1",
            *more]


def make_subject(moto, trace, docker_machine, ssh_door, name="dev", more=("--amazonec2-open-port", "8000")):
    """A create against an EC2 without hosts, which comes as far as SSH."""
    docker_machine.environment.update(moto.credentials)
    words = flags(trace, "--amazonec2-ssh-port", str(ssh_door.port), *more)
    return crash.Subject(docker_machine, words, name, trace, ssh_door, moto.left)


def wait_for_state(moto, instance, state, limit=20):
    until = time.monotonic() + limit
    while instance_of(moto, instance)["State"]["Name"] != state:
        assert time.monotonic() < until, f"{instance} does not become {state}"


def instance_of(moto, instance):
    """What `aws ec2 describe-instances` says of it."""
    return moto.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"][0]


def assert_one_create(trace):
    assert len(trace.asked) <= MOST_CALLS, trace.table()
