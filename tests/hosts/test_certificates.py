"""Addresses that change and certificates that end: real engines with containers that run on."""

import json
import re
import socket
import ssl
import subprocess
from pathlib import Path

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
