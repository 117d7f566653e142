"""Addresses that change and certificates that end: real engines with containers that run on."""

import json
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

from test_generic import create, docker
from test_harness import build_server

LIMIT = 180
ENGINE_FILE = "/etc/docker/daemon.json"


def run_container(host, *options, name="web"):
    """A container of busybox on the host; the process that it is."""
    if host.exec("docker image inspect web", check=False).returncode != 0:
        build_server(host, "a page\n")
    host.exec(["docker", "run", "--detach", "--name", name, *options, "web"])
    return process_of(host, name)


def process_of(host, name="web"):
    return host.exec(["docker", "inspect", "--format", "{{.State.Pid}} {{.State.StartedAt}}", name]).stdout.strip()


def engine_process(host):
    return host.exec("systemctl show --property=MainPID docker").stdout.strip()


def has_live_restore(host):
    return host.exec("docker info --format '{{.LiveRestoreEnabled}}'").stdout.strip() == "true"


def shown_certificate(address, port=2376):
    """What the engine shows right now, as PEM."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address, port), timeout=10) as plain:
        with context.wrap_socket(plain) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))


def names_in(pem):
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=pem, capture_output=True, text=True,
                          check=True).stdout
    return text.split("\n")[1].strip() if "\n" in text else ""


def set_address(docker_machine, name, address):
    """Says in config.json where a generic machine is now: its driver cannot find out by itself."""
    path = docker_machine.store / "machines" / name / "config.json"
    document = json.loads(path.read_text())
    document["Driver"]["IPAddress"] = address
    path.write_text(json.dumps(document, indent=4))


def test_an_engine_reads_its_certificate_only_when_it_starts(docker_host, docker_machine):
    """Why a renewal has to restart the engine: a reload does not do."""
    create(docker_machine, docker_host, "dev")
    before = shown_certificate(docker_host.address)
    docker_host.exec("cp /etc/docker/ca.pem /etc/docker/server.pem")  # no certificate for its key: a start would fail
    docker_host.exec("systemctl reload docker; sleep 1")
    assert shown_certificate(docker_host.address) == before


def test_a_host_moves_and_its_containers_run_on(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    web = run_container(docker_host, "--publish", "8000:80")
    own = '{\n  "log-opts": {"max-size": "7m"},\n  "debug": false\n}\n'
    docker_host.write(ENGINE_FILE, own.encode(), 0o640)
    engine, old = engine_process(docker_host), docker_host.address
    docker_host.move()
    assert docker_host.address != old and process_of(docker_host) == web
    set_address(docker_machine, "dev", docker_host.address)

    lines = docker_machine.run("env", "--shell", "bash", "dev", limit=LIMIT)
    assert lines.code == 0, lines
    assert f'DOCKER_HOST="tcp://{docker_host.address}:2376"' in lines.out and "Renewing" not in lines.out
    assert f'Renewing the certificate of "dev" for {docker_host.address}...' in lines.err
    assert docker_host.address in names_in(shown_certificate(docker_host.address))
    assert docker(docker_machine, "dev", "ps", "--format", "{{.Names}}").stdout == "web\n"
    assert engine_process(docker_host) != engine and process_of(docker_host) == web
    # All is as it was found.
    assert not has_live_restore(docker_host)
    assert docker_host.read(ENGINE_FILE).decode() == own
    assert docker_host.exec(f"stat -c %a {ENGINE_FILE}; ls /etc/docker").stdout.split() == [
        "640", "ca.pem", "daemon.json", "key.json", "server-key.pem", "server.pem"]
    assert docker_machine.run("env", "dev").err == ""

    # And once more, without a file, by config, and with live-restore that stays because it was there.
    docker_host.exec(f"rm {ENGINE_FILE}")
    docker_host.move()
    set_address(docker_machine, "dev", docker_host.address)
    assert f"-H=tcp://{docker_host.address}:2376" in docker_machine("config", "dev", limit=LIMIT)
    assert process_of(docker_host) == web
    assert not has_live_restore(docker_host) and "daemon.json" not in docker_host.exec("ls /etc/docker").stdout
    docker_host.write(ENGINE_FILE, b'{"live-restore": true}\n')
    docker_host.exec("systemctl reload docker")
    docker_host.wait_until(lambda: has_live_restore(docker_host), "the engine has live-restore")
    docker_host.move()
    set_address(docker_machine, "dev", docker_host.address)
    docker_machine("config", "dev", limit=LIMIT)
    assert process_of(docker_host) == web and has_live_restore(docker_host)
    assert docker_host.read(ENGINE_FILE) == b'{"live-restore": true}\n'


def test_ls_renews_and_its_list_stays_a_list(docker_host, docker_machine):
    """What it does after the list is told on standard error: programs read the output."""
    create(docker_machine, docker_host, "dev")
    web = run_container(docker_host)
    docker_host.move()
    set_address(docker_machine, "dev", docker_host.address)
    listed = docker_machine.run("ls", "--format", "json", limit=LIMIT)
    assert listed.code == 0 and [row["Name"] for row in json.loads(listed.out)] == ["dev"], listed
    assert listed.err == "".join(f"(dev) {line}\n" for line in (
        f'Renewing the certificate of "dev" for {docker_host.address}...', "Waiting for SSH to be available...",
        "Detecting the provisioner...")), listed
    assert docker_host.address in names_in(shown_certificate(docker_host.address)) and process_of(docker_host) == web
    again = docker_machine.run("ls", "--format", "json")
    assert json.loads(again.out)[0]["DockerVersion"].startswith("v") and again.err == "", again


@pytest.mark.parametrize("obstacle, words", [
    ("swarm", "its engine is part of a swarm, which rules out live-restore"),
    ("flag", "its engine's command line rules live-restore out"),
    ("link", "is a link, and so looked after by somebody else"),
    ("unit", 'the unit\'s KillMode is not "process"'),
])
def test_env_restarts_no_engine_whose_containers_would_stop(docker_host, docker_machine, obstacle, words):
    """It says why, names the command, and changes nothing; that command then does it."""
    more = ["--engine-opt", "live-restore=false"] if obstacle == "flag" else []
    create(docker_machine, docker_host, "dev", *more)
    if obstacle == "swarm":
        docker_host.exec("docker swarm init")
    if obstacle == "link":
        docker_host.write("/etc/ours.json", b"{}")
        docker_host.exec(f"ln -s /etc/ours.json {ENGINE_FILE}")
    if obstacle == "unit":
        docker_host.write("/etc/systemd/system/docker.service.d/00-kill.conf", b"[Service]\nKillMode=control-group\n")
        docker_host.exec("systemctl daemon-reload")
    web, engine = run_container(docker_host, "--restart", "always"), engine_process(docker_host)
    files = docker_host.exec("cat /etc/docker/*.pem; ls /etc/docker").stdout
    docker_host.move()
    set_address(docker_machine, "dev", docker_host.address)
    refused = docker_machine.run("env", "dev", limit=LIMIT)
    assert refused.code == 1 and refused.out == ""
    assert words in refused.err and "docker-machine regenerate-certs dev" in refused.err, refused
    assert (process_of(docker_host), engine_process(docker_host)) == (web, engine)
    assert docker_host.exec("cat /etc/docker/*.pem; ls /etc/docker").stdout == files

    told = docker_machine.run("regenerate-certs", "-f", "dev", limit=LIMIT)
    assert told.code == 0 and words in told.err, told
    assert docker(docker_machine, "dev", "version").returncode == 0
    assert engine_process(docker_host) != engine


def test_an_engine_without_containers_is_restarted(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    docker_host.exec("docker swarm init")  # live-restore is not needed
    docker_host.move()
    set_address(docker_machine, "dev", docker_host.address)
    docker_machine("env", "dev", limit=LIMIT)
    assert docker(docker_machine, "dev", "ps", "-q").returncode == 0


def test_a_renewal_that_broke_off_is_brought_to_its_end(docker_host, docker_machine):
    """As if the host had lost its power in the middle: live-restore is on, and what was there before lies beside."""
    create(docker_machine, docker_host, "dev")
    web = run_container(docker_host)
    docker_host.write(ENGINE_FILE, b'{"live-restore": true, "debug": true}')
    docker_host.write(ENGINE_FILE + ".before-restart", b'{"debug": true}')
    docker_host.exec("systemctl reload docker")
    docker_host.wait_until(lambda: has_live_restore(docker_host), "the engine has live-restore")
    docker_machine("regenerate-certs", "-f", "dev", limit=LIMIT)
    assert process_of(docker_host) == web and not has_live_restore(docker_host)
    assert docker_host.read(ENGINE_FILE) == b'{"debug": true}'
    assert "before-restart" not in docker_host.exec("ls /etc/docker").stdout


def test_names_are_added_and_stay(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev", "--tls-san", "first.example")
    web = run_container(docker_host)
    before = (docker_machine.store / "machines" / "dev" / "server.pem").read_text()
    shown = docker_machine("regenerate-certs", "-f", "--tls-san", "web.example", "--tls-san", "203.0.113.9", "dev", limit=LIMIT)
    assert shown.splitlines() == [
        "Regenerating TLS certificates", "Waiting for SSH to be available...", "Detecting the provisioner...",
        "Provisioning with debian...", "Copying certs to the local machine directory...",
        "Copying certs to the remote machine...", "Setting Docker configuration on the remote daemon...",
        "Checking connection to Docker..."]
    assert process_of(docker_host) == web, "only certificates have changed"
    expected = f"DNS:first.example, DNS:web.example, DNS:localhost, IP Address:203.0.113.9, IP Address:{docker_host.address}"
    assert names_in(shown_certificate(docker_host.address)) == expected
    assert (docker_machine.store / "machines" / "dev" / "server.pem").read_text() != before
    docker_machine("regenerate-certs", "-f", "--tls-san", "web.example", "dev", limit=LIMIT)
    assert names_in(shown_certificate(docker_host.address)) == expected
    assert docker_machine("inspect", "--format", "{{.HostOptions.AuthOptions.ServerCertSANs}}", "dev") == (
        "[first.example web.example 203.0.113.9]\n")
    for wrong in ("", "a b", "tcp://x", "jürgen"):
        refused = docker_machine.run("regenerate-certs", "-f", f"--tls-san={wrong}", "dev")
        assert refused.code == 1 and "is neither a host name nor an address" in refused.err


@pytest.fixture
def named_machine(docker_machine, tmp_path):
    """docker-machine in a name space of mounts whose /etc/hosts the test may write, as a name server of its own."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    docker_machine.prefix = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts))
    docker_machine.names = hosts
    return docker_machine


def test_a_host_name_instead_of_an_address(docker_host, named_machine):
    """The name stays where the address changes: nothing has to be renewed."""
    names = named_machine.names
    names.write_text(f"{docker_host.address} web.example\n")
    named_machine("create", "-d", "generic", "--generic-ip-address", "web.example", "--generic-ssh-key", docker_host.key, "dev",
                  limit=300)
    assert named_machine("url", "dev") == "tcp://web.example:2376\n" and named_machine("ip", "dev") == "web.example\n"
    assert names_in(shown_certificate(docker_host.address)) == "DNS:web.example, DNS:localhost"
    before = shown_certificate(docker_host.address)
    web = run_container(docker_host)
    docker_host.move()
    assert named_machine.run("env", "dev", limit=90).code == 1  # the name still leads to the old place
    names.write_text(f"{docker_host.address} web.example\n")
    moved = named_machine.run("env", "dev")
    assert moved.code == 0 and 'DOCKER_HOST="tcp://web.example:2376"' in moved.out and moved.err == ""
    assert re.search(r"^dev +- +generic +Running +tcp://web.example:2376 +v", named_machine("ls"), re.MULTILINE)
    client = subprocess.run([*named_machine.prefix, "/usr/bin/docker", *shlex.split(named_machine("config", "dev")), "ps", "-q"],
                            capture_output=True, text=True, env=named_machine.environment, check=False, timeout=60)
    assert client.returncode == 0 and client.stdout, client.stderr
    assert named_machine("ssh", "dev", "hostname") == "dev\n"
    assert shown_certificate(docker_host.address) == before and process_of(docker_host) == web
    # Renewed by hand, it is for the name again.
    named_machine("regenerate-certs", "-f", "dev", limit=LIMIT)
    assert names_in(shown_certificate(docker_host.address)) == "DNS:web.example, DNS:localhost"
    assert process_of(docker_host) == web


def problems(docker_machine, *names):
    """What `certs` finds: {(machine, kind): problems} of the rows that have any."""
    result = docker_machine.run("certs", "--format", "json", *names)
    rows = json.loads(result.out)
    found = {(row["Machine"], row["Kind"]): row["Problems"] for row in rows if row["Problems"]}
    assert result.code == (1 if found else 0), result
    return found


def test_certificates_that_end_are_told_and_renewed(docker_host, docker_machine):
    """Made 1070 days ago, they have ten days left."""
    create(docker_machine.at(days=-1070), docker_host, "dev")
    listed = docker_machine.run("ls")
    assert listed.code == 0 and re.search(r"^dev +- +generic +Running +tcp://\S+ +v[\d.]+\S* *$", listed.out, re.MULTILINE)
    assert len(listed.err.splitlines()) == 1
    assert listed.err.startswith("Certificates that end within 30 days: the authority (20")
    assert listed.err.endswith("; renew with docker-machine regenerate-certs --ca\n")
    told = docker_machine.run("env", "dev")
    assert told.code == 0 and told.err == listed.err and told.out.startswith("export DOCKER_TLS_VERIFY")
    for silent in (["ls", "-q"], ["inspect", "dev"], ["url", "dev"], ["ip", "dev"], ["status", "dev"], ["config", "dev"]):
        assert docker_machine.run(*silent).err == ""
    assert problems(docker_machine) == {
        place: ["expires in 9 days"] for place in
        [("", "ca"), ("", "client"), ("dev", "server"), ("dev", "copy of ca"), ("dev", "copy of client")]}

    # Three weeks later nobody answers any more, and it is said why.
    later = docker_machine.at(days=20)
    refused = later.run("env", "dev")
    assert refused.code == 1 and "x509: certificate has expired or is not yet valid" in refused.err, refused
    assert "dev (ended on 20" in refused.err and "regenerate-certs --ca" in refused.err
    assert all(found[0].startswith("expired on 20") for found in problems(later).values())

    # The server's, then the client's, then all: containers run on, and only what was asked for is new.
    web, store = run_container(docker_host), docker_machine.store
    docker_machine("regenerate-certs", "-f", "dev", limit=LIMIT)
    assert ("dev", "server") not in problems(docker_machine) and ("", "client") in problems(docker_machine)
    before = {file: (store / file).read_bytes() for file in ("machines/dev/server.pem", "certs/ca.pem", "certs/cert.pem")}
    shown = docker_machine("regenerate-certs", "-f", "--client-certs", limit=LIMIT)
    assert "Regenerating local certificates" in shown
    assert set(problems(docker_machine)) == {("", "ca"), ("dev", "copy of ca")}
    after = {file: (store / file).read_bytes() for file in before}
    assert [file for file in before if after[file] != before[file]] == ["certs/cert.pem"]
    assert "renew with docker-machine regenerate-certs --ca" in docker_machine.run("ls").err
    docker_machine("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert problems(docker_machine) == {} and docker_machine.run("ls").err == ""
    assert docker(docker_machine, "dev", "ps", "--format", "{{.Names}}").stdout == "web\n"
    assert process_of(docker_host) == web and not has_live_restore(docker_host)
    # Years ahead all is well still, until it is not.
    assert problems(docker_machine.at(days=1045)) == {}
    assert docker_machine.at(days=1045).run("env", "dev").err == ""
    assert set(problems(docker_machine.at(days=1051))) >= {("", "ca"), ("", "client"), ("dev", "server")}


def test_certificates_that_have_ended_for_everybody(docker_host, docker_machine):
    """The engine's clock is right, and it refuses ours as we refuse its: SSH is the way."""
    create(docker_machine, docker_host, "dev")
    web = run_container(docker_host)
    past = docker_machine.at(days=-1081).run("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert past.code == 1 and "The change of the certificate authority waits for" in past.err, past
    listed = docker_machine.run("ls")
    assert "x509: certificate has expired or is not yet valid" in listed.out
    assert "ended on 20" in listed.err and "regenerate-certs --ca" in listed.err
    assert docker_machine.run("env", "dev").code == 1
    found = problems(docker_machine)
    assert all(found[place][0].startswith("expired on 20") for place in [("", "ca"), ("", "client"), ("dev", "server")])
    docker_machine("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert problems(docker_machine) == {}
    assert docker(docker_machine, "dev", "ps", "--format", "{{.Names}}").stdout == "web\n" and process_of(docker_host) == web


def engine_takes(host, folder):
    """Whether the engine lets in a client with the certificates of that folder."""
    made = subprocess.run(["curl", "-sS", "--noproxy", "*", "--insecure", "--cert", folder / "cert.pem", "--key",
                           folder / "key.pem", f"https://{host.address}:2376/_ping"], capture_output=True, text=True,
                          timeout=30, check=False)
    return made.stdout == "OK"


def test_the_authority_is_replaced_while_a_machine_is_off(make_host, docker_machine, tmp_path):
    one, two = make_host("docker"), make_host("docker")
    create(docker_machine, one, "one")
    create(docker_machine, two, "two")
    webs = [run_container(host) for host in (one, two)]
    old = tmp_path / "old"
    shutil.copytree(docker_machine.store / "certs", old)
    two.pause()
    try:
        waits = docker_machine.run("regenerate-certs", "-f", "--ca", limit=LIMIT)
        assert waits.code == 1, waits
        assert re.search(r"waits for these machines, which are used as before:\n  two: .*\nGo on when", waits.err), waits
        assert docker(docker_machine, "one", "ps", "-q").returncode == 0
        assert ["is being replaced"] in problems(docker_machine).values()
        # What is made meanwhile works with either, and the client is known to both.
        client = (docker_machine.store / "certs" / "cert.pem").read_bytes()
        assert client == (old / "cert.pem").read_bytes()
        refused = docker_machine.run("regenerate-certs", "-f", "--client-certs", "one")
        assert refused.code == 1 and "docker-machine regenerate-certs --ca" in refused.err
    finally:
        two.unpause()
    assert docker(docker_machine, "two", "ps", "-q").returncode == 0

    # Ended in the middle, again and again: at no time is a machine lost, and in the end all is done.
    for moment in (0.3, 1.5, 4):
        running = docker_machine.start("regenerate-certs", "-f", "--ca")
        time.sleep(moment)
        running.signal(signal.SIGKILL)
        running.finish()
        for name, host in (("one", one), ("two", two)):  # what runs on the host goes on, and may restart the engine
            host.wait_until(lambda name=name: docker_machine.run("env", name).code == 0 and docker(
                docker_machine, name, "ps", "--format", "{{.Names}}").stdout == "web\n", f"{name} answers")
    docker_machine("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert problems(docker_machine) == {}
    assert sorted(file.name for file in (docker_machine.store / "certs").iterdir()) == [
        "ca-key.pem", "ca.pem", "cert.pem", "key.pem"]
    for name, host, web in (("one", one, webs[0]), ("two", two, webs[1])):
        assert docker(docker_machine, name, "ps", "--format", "{{.Names}}").stdout == "web\n"
        assert process_of(host) == web and not has_live_restore(host)
        assert host.read("/etc/docker/ca.pem") == (docker_machine.store / "certs" / "ca.pem").read_bytes()
        assert engine_takes(host, docker_machine.store / "certs") and not engine_takes(host, old)
