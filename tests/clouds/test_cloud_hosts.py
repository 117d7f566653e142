"""The tests' own tools: hosts that are born of user-data, as a cloud's instances are."""

import subprocess

import pytest

from host import SSH_OPTIONS, make_key, ssh_answers

TIMED_OUT = 28  # curl's word for it
HOST_KEY = """#cloud-config
ssh_deletekeys: true
ssh_keys:
  ed25519_private: |
{private}
  ed25519_public: {public}
write_files:
  - path: /srv/born
    content: of user-data
"""


@pytest.fixture
def key(tmp_path):
    return make_key(tmp_path / "id_ed25519")


def public_of(key):
    return key.with_name(key.name + ".pub").read_text().strip()


def ssh(address, key, user, command, *options):
    return subprocess.run(["/usr/bin/ssh", *options, *SSH_OPTIONS, "-i", key, "-l", user, address, command], capture_output=True,
                          text=True, timeout=30, check=False)


def fetched(address, port):
    """curl's exit code."""
    return subprocess.run(["curl", "-s", "-o", "/dev/null", "--noproxy", "*", "--max-time", "1", f"http://{address}:{port}/"],
                          check=False).returncode


def test_a_host_is_what_user_data_and_the_provider_say(make_cloud_host, key, tmp_path):
    """The provider's key lets its user in, the host key is the one of user-data, and there is nothing else of ours."""
    theirs = make_key(tmp_path / "host_key")
    private = "\n".join("    " + line for line in theirs.read_text().splitlines())
    data = HOST_KEY.format(private=private, public=public_of(theirs)).encode()
    host = make_cloud_host(user_data=data, public_keys=[public_of(key)], hostname="ip-10-0-0-7", instance_id="i-0123")
    assert host.wait_for_cloud_init()[0] == "done"
    pinned = tmp_path / "known_hosts"
    pinned.write_text(f"{host.address} {' '.join(public_of(theirs).split()[:2])}\n")
    strict = ("-o", f"UserKnownHostsFile={pinned}", "-o", "StrictHostKeyChecking=yes", "-o", "HostKeyAlgorithms=ssh-ed25519")
    made = ssh(host.address, key, "ubuntu", "sudo -n cat /srv/born && cat /etc/hostname && cloud-init query instance_id", *strict)
    assert made.returncode == 0 and made.stdout == "of user-dataip-10-0-0-7\ni-0123\n", made
    assert host.read("/var/lib/cloud/instance/user-data.txt") == data
    assert "Please login as the user" in ssh(host.address, key, "root", "id").stdout
    assert host.exec("getent passwd admin", check=False).stdout == ""


def test_without_keys_nobody_gets_in(make_cloud_host, key):
    host = make_cloud_host()
    host.wait_for_cloud_init()
    for user in ("ubuntu", "root", "admin", "debian"):
        assert "Permission denied" in ssh(host.address, key, user, "id").stderr
    assert host.exec("ls /etc/ssh/ssh_host_ed25519_key.pub").returncode == 0


def test_each_has_host_keys_of_its_own_and_keeps_them(make_cloud_host, key):
    one, other = (make_cloud_host(public_keys=[public_of(key)], default_user=user, booting=True) for user in ("root", "debian"))
    for host in (one, other):
        host.wait_for_ssh()
    assert one.host_key() != other.host_key()
    assert ssh(one.address, key, "root", "id -un").stdout == "root\n"
    assert ssh(other.address, key, "debian", "id -un").stdout == "debian\n"
    before = one.host_key()
    one.reboot()
    one.wait_for_ssh()
    assert one.host_key() == before


def test_bad_user_data_is_told(make_cloud_host, key):
    """cloud-init is real: what it cannot read it does not do."""
    host = make_cloud_host(user_data=b"#cloud-config\nruncmd: {broken: [\n", public_keys=[public_of(key)])
    host.wait_for_cloud_init()
    assert "ailed loading yaml" in host.read("/var/log/cloud-init.log").decode()
    assert ssh(host.address, key, "ubuntu", "id -un").stdout == "ubuntu\n"


def test_a_start_may_bring_another_address(engine, make_cloud_host):
    first, second, private = engine.new_address(), engine.new_address(), engine.new_address()
    host = make_cloud_host(addresses=[first, private])
    assert ssh_answers(private)
    host.stop()
    host.set_network([second, private])
    host.start()
    assert ssh_answers(second) and ssh_answers(private) and not ssh_answers(first)
    host.exec("systemctl reboot", check=False)
    host.wait_until(lambda: not ssh_answers(second), "it goes down")
    host.wait_for_ssh()
    host.set_network([first], None)
    assert ssh_answers(first) and not ssh_answers(second)


def test_only_what_the_rules_say_comes_in(make_cloud_host, engine):
    """Also to what a container publishes, whose port docker turns into another address."""
    host = make_cloud_host(rules=[("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 8000, 8001, f"{engine.gateway}/32"),
                                  ("tcp", 9000, 9000, "192.0.2.0/24")])
    host.exec("for port in 8000 8001 8002 9000; do systemd-run --quiet python3 -m http.server $port; done")
    for port in (8000, 8001):
        host.wait_until(lambda: fetched(host.address, port) == 0, f"port {port} is served")
    assert [fetched(host.address, port) for port in (8000, 8001, 8002, 9000)] == [0, 0, TIMED_OUT, TIMED_OUT]
    host.set_network([], [("all", -1, -1, "0.0.0.0/0")])
    host.wait_until(lambda: fetched(host.address, 8002) == 0, "port 8002 is served")


def test_a_removed_host_is_gone(make_cloud_host):
    host = make_cloud_host(booting=True)
    host.remove()
    assert host.name not in host.engine.docker("ps", "--all", "--format", "{{.Names}}").stdout.decode()
