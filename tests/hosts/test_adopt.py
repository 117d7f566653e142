"""Hosts that exist already become machines: their containers, names and configurations stay."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from test_certificates import ENGINE_FILE, engine_process, names_in, process_of, run_container, shown_certificate
from test_contexts import client  # noqa: F401 fixture
from test_generic import create, docker

LIMIT = 180
CLEAN_COMMAND_LINE = b"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd\n"


def words(host, name, *more, user="root"):
    return ["adopt", "--generic-ip-address", host.address, "--generic-ssh-key", host.key, "--generic-ssh-user", user, *more, name]


def adopt(docker_machine, host, name, *more, **options):
    return docker_machine(*words(host, name, "-y", *more, **options), limit=LIMIT)


def refused(docker_machine, host, name, *more, **options):
    """What an adoption that must fail says; it leaves no machine."""
    made = docker_machine.run(*words(host, name, *more, **options), limit=LIMIT)
    assert made.code == 1, made
    assert not (docker_machine.store / "machines" / name).exists()
    return made.err


def footprint(host):
    """What nobody may change: the host's name, its boot, its packages and programs."""
    return host.exec("hostname; cat /etc/hostname /etc/hosts; stat -c '%Y %Z' /usr/sbin/dockerd /var/lib/dpkg/status;"
                     " cat /proc/sys/kernel/random/boot_id; stat -c %y /proc/1").stdout


def files(host):
    """All that an adoption might touch, with owners, modes and contents."""
    return host.exec("cd /; find etc/docker etc/systemd/system etc/default root/.ssh home/admin/.ssh ! -name .ssh -exec stat -c '%n %a %U %s %Y' {} +"
                     " | sort; find etc/docker etc/systemd/system root/.ssh home/admin/.ssh -type f -exec sha256sum {} + | sort").stdout


def record_of(docker_machine, name):
    return json.loads(docker_machine("inspect", name))


def labels_of(docker_machine, name):
    return sorted(json.loads(docker(docker_machine, name, "info", "--format", "{{json .Labels}}").stdout))


def test_a_machine_whose_store_was_lost_is_as_before(docker_host, docker_machine):
    create(docker_machine, docker_host, "old", "--engine-label", "tier=test", "--engine-opt", "log-level=warn", "--engine-opt",
           "dns=192.0.2.53", "--engine-env", "NOTE=a b%c")
    web = run_container(docker_host, "--restart", "always")
    unit, before, engine = docker_host.read("/etc/systemd/system/docker.service.d/10-machine.conf"), footprint(docker_host), record_of(
        docker_machine, "old")["HostOptions"]["EngineOptions"]
    shutil.rmtree(docker_machine.store)

    # Killed in the middle, it can be begun again: what was sent goes on to its end there.
    process, trusted = engine_process(docker_host), docker_host.read("/etc/docker/ca.pem")
    killed = docker_machine.start(*words(docker_host, "new", "-y"))
    docker_host.wait_until(lambda: docker_host.read("/etc/docker/ca.pem") != trusted, "certificates are replaced", limit=LIMIT)
    killed.signal(signal.SIGKILL)
    killed.finish()
    assert not (docker_machine.store / "machines").exists()
    docker_host.wait_until(lambda: engine_process(docker_host) not in (process, "MainPID=0")
                           and "before-" not in docker_host.exec("ls /etc/docker").stdout, "the script on the host has ended")

    # The engine trusts us already, so that nothing is touched there any more.
    process, there = engine_process(docker_host), files(docker_host)
    assert "trusts this computer's certificates already" in adopt(docker_machine, docker_host, "again")
    assert (engine_process(docker_host), files(docker_host), process_of(docker_host)) == (process, there, web)
    assert docker(docker_machine, "again", "ps", "--format", "{{.Names}}").stdout == "web\n"
    shutil.rmtree(docker_machine.store)

    shown = adopt(docker_machine, docker_host, "new")
    assert "set up by docker-machine\n" in shown and "a container that is running: web\n" in shown
    assert "1. /etc/docker/ca.pem, /etc/docker/server.pem and /etc/docker/server-key.pem: new" in shown
    assert re.search(r"its SSH host key \S+ SHA256:\S+, which nobody has vouched for", shown)
    assert process_of(docker_host) == web and footprint(docker_host) == before
    assert docker_host.read("/etc/systemd/system/docker.service.d/10-machine.conf") == unit
    assert "before-adopt" not in docker_host.exec("ls /etc/docker").stdout
    assert record_of(docker_machine, "new")["HostOptions"]["EngineOptions"] == engine

    assert docker(docker_machine, "new", "ps", "--format", "{{.Names}}").stdout == "web\n"
    assert docker_machine.run("env", "new").err == "" and docker_machine("ssh", "new", "hostname") == "old\n"
    assert re.match(rf"new +- +generic +Running +tcp://{docker_host.address}:2376 +v\d", docker_machine("ls").splitlines()[1])
    assert docker_host.address in names_in(shown_certificate(docker_host.address))
    assert "already exists" in docker_machine.run(*words(docker_host, "new", "-y")).err

    # It is docker-machine's: its options can be brought anew, name and all.
    docker_machine("provision", "new", limit=LIMIT)
    assert docker_host.read("/etc/systemd/system/docker.service.d/10-machine.conf") == unit
    assert docker_machine("ssh", "new", "hostname") == "new\n"


def configured(make_host, where):
    """A host that somebody else has set up, with hosts in daemon.json or, as Debian does, on the command line."""
    host = make_host("docker")
    own = '{\n\t"labels": ["owner=somebody"],\n\t"log-opts": {"max-size": "7m"}, "debug": false'
    if where == "file":
        own += ',\n\t"hosts": ["unix:///var/run/docker.sock"]'
        host.write("/etc/systemd/system/docker.service.d/override.conf", CLEAN_COMMAND_LINE)
    host.write(ENGINE_FILE, (own + "\n}\n").encode(), 0o640)
    host.exec("systemctl daemon-reload && systemctl restart docker", timeout=60)
    return host


@pytest.mark.parametrize("where", ["command line", "file"])
def test_somebody_elses_configuration_is_kept(make_host, docker_machine, where):
    host = configured(make_host, where)
    own, web = host.read(ENGINE_FILE), run_container(host, "--restart", "always")
    before, there, engine = footprint(host), files(host), engine_process(host)

    # Shown, not done.
    shown = docker_machine(*words(host, "dev", "--dry-run", user="admin"), limit=LIMIT)
    assert "set up by somebody else" in shown and "/etc/docker/daemon.json, which sets labels, log-opts, debug" in shown
    step = {"command line": "2. /etc/systemd/system/docker.service.d/zz-docker-machine.conf: a new file, which appends --tlsverify",
            "file": "2. /etc/docker/daemon.json: tlsverify, tlscacert, tlscert, tlskey, hosts set, all else stays"}[where]
    assert step in shown and "3. the engine is restarted, by which its containers go on as the same processes" in shown
    assert "-y" in refused(docker_machine, host, "dev", user="admin")
    with docker_machine.terminal(*words(host, "dev", user="admin")) as terminal:
        terminal.expect(r"Go on\? \(y/N\): ")
        terminal.send("n\r")
        terminal.expect("Nothing was changed.")
        assert terminal.finish() == 0
    assert (files(host), engine_process(host), process_of(host)) == (there, engine, web)

    # Done.
    adopt(docker_machine, host, "dev", user="admin")
    assert process_of(host) == web and footprint(host) == before and engine_process(host) != engine
    assert labels_of(docker_machine, "dev") == ["owner=somebody"]
    assert docker(docker_machine, "dev", "info", "--format", "{{.LiveRestoreEnabled}}").stdout == "false\n"
    if where == "command line":
        assert host.read(ENGINE_FILE) == own
    else:
        now = host.read(ENGINE_FILE).decode()
        assert now.startswith('{\n\t"labels": ["owner=somebody"],\n\t"log-opts": {"max-size": "7m"}, "debug": false,\n\t"hosts": [')
        assert {key: value for key, value in json.loads(now).items() if key not in json.loads(own)} == {
            "tlsverify": True, "tlscacert": "/etc/docker/ca.pem", "tlscert": "/etc/docker/server.pem", "tlskey": "/etc/docker/server-key.pem"}
        assert json.loads(now)["hosts"] == ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"]
    assert docker(docker_machine, "dev", "ps", "--format", "{{.Names}}").stdout == "web\n"

    # And kept by what comes later; what the adoption brought comes back if somebody takes it away.
    settings, options = host.read(ENGINE_FILE), host.exec("ls /etc/systemd/system/docker.service.d; cat /etc/systemd/system/docker.service.d/*").stdout
    for command in (["provision", "dev"], ["regenerate-certs", "-f", "dev"]):
        shown = shown_certificate(host.address)
        docker_machine(*command, limit=LIMIT)
        assert host.read(ENGINE_FILE) == settings and process_of(host) == web and footprint(host) == before
        assert host.exec("ls /etc/systemd/system/docker.service.d; cat /etc/systemd/system/docker.service.d/*").stdout == options
        assert shown_certificate(host.address) != shown and labels_of(docker_machine, "dev") == ["owner=somebody"]
    assert json.loads(docker_machine("inspect", "dev"))["HostOptions"]["EngineOptions"]["Labels"] == []


def test_an_engine_that_does_not_come_up_is_put_back(make_host, docker_machine):
    """Somebody else has the port; and a swarm's containers would stop."""
    host = configured(make_host, "file")
    web, there = run_container(host), files(host)
    host.exec("systemd-run --unit=squatter --socket-property=ListenStream=0.0.0.0:2376 --socket-property=Accept=yes /bin/cat")
    said = refused(docker_machine, host, "dev", "-y")
    assert "Everything on the machine was put back as it was." in said, said
    host.wait_until(lambda: host.exec("docker version", check=False).returncode == 0, "the engine is back")
    assert process_of(host) == web

    def contents(text):
        """But when files were written: those of the engine's were, twice."""
        return [re.sub(r" \d+$", "", line) for line in text.splitlines() if not line.startswith(("etc/docker ", "etc/docker/key.json"))]

    assert contents(files(host)) == contents(there)
    host.exec("systemctl stop squatter.socket; docker swarm init")
    engine, there = engine_process(host), files(host)
    said = refused(docker_machine, host, "dev", "-y")
    assert "its engine is part of a swarm" in said and "--stop-containers" in said
    assert (engine_process(host), process_of(host), files(host)) == (engine, web, there)


def make_certificates(folder, address):
    """An authority with a server's and a client's certificate, as somebody makes them by hand."""
    folder.mkdir()

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=theirs", "-days", "400", "-keyout", "ca-key.pem", "-out", "ca.pem")
    for name, extension in (("server", f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth"), ("client", "extendedKeyUsage=clientAuth")):
        (folder / "extension").write_text(extension + "\n")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}-key.pem", "-out", "request.pem")
        openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "200",
                "-extfile", "extension", "-out", f"{name}.pem")
    return folder


def test_an_engine_keeps_its_own_certificates_and_port(docker_host, docker_machine, tmp_path):
    docker_machine("create", "--driver", "none", "--url", "tcp://127.0.0.1:1", "first")  # an authority of our own
    theirs = make_certificates(tmp_path / "theirs", docker_host.address)
    for name in ("ca.pem", "server.pem", "server-key.pem"):
        docker_host.write(f"/etc/ssl/engine/{name}", (theirs / name).read_bytes(), 0o600)
    docker_host.write("/etc/systemd/system/docker.service.d/override.conf", b"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// "
                      b"-H tcp://0.0.0.0:2390 --tlsverify \\\n  --tlscacert=/etc/ssl/engine/ca.pem --tlscert=/etc/ssl/engine/server.pem "
                      b"--tlskey=/etc/ssl/engine/server-key.pem --label owner=somebody\n")
    docker_host.exec("systemctl daemon-reload && systemctl restart docker", timeout=60)
    web, engine, there, before = run_container(docker_host), engine_process(docker_host), files(docker_host), footprint(docker_host)
    certificates = ["--tls-ca-cert", theirs / "ca.pem", "--tls-client-cert", theirs / "client.pem", "--tls-client-key"]

    assert "does not go with the certificates" in refused(docker_machine, docker_host, "dev", "-y", *certificates, theirs / "server-key.pem")
    assert "belong together" in refused(docker_machine, docker_host, "dev", "--tls-ca-cert", theirs / "ca.pem")
    shown = adopt(docker_machine, docker_host, "dev", *certificates, theirs / "client-key.pem")
    assert "To be changed on the host" not in shown and "keeps its certificates" in shown
    assert (process_of(docker_host), engine_process(docker_host), files(docker_host), footprint(docker_host)) == (web, engine, there, before)
    assert docker_machine("url", "dev") == f"tcp://{docker_host.address}:2390\n"
    assert docker(docker_machine, "dev", "ps", "--format", "{{.Names}}").stdout == "web\n"
    assert docker_machine("ssh", "dev", "hostname") == docker_host.exec("hostname").stdout
    [server] = [row for row in json.loads(docker_machine("certs", "--format", "json", "dev")) if row["Kind"] == "server"]
    assert server["Machine"] == "dev" and server["Problems"] == [], server
    assert docker_machine.run("doctor", "dev").code == 0
    renewed = docker_machine.run("regenerate-certs", "-f", "dev", limit=LIMIT)
    assert renewed.code == 1 and "whose private key is not here: nothing was changed" in renewed.err
    assert (engine_process(docker_host), files(docker_host)) == (engine, there)

    # It can still be given ours, at its port and with all else of its command line.
    docker_machine("regenerate-certs", "-f", "--adopt-ca", "dev", limit=LIMIT)
    assert process_of(docker_host) == web and labels_of(docker_machine, "dev") == ["owner=somebody"]
    assert docker_machine("url", "dev") == f"tcp://{docker_host.address}:2390\n"
    assert docker_host.read("/etc/ssl/engine/server.pem") == (theirs / "server.pem").read_bytes()


def test_an_engine_is_left_alone_and_reached_over_ssh(make_host, docker_machine, client):  # noqa: F811
    host = make_host("docker")
    host.wait_for_engine()
    there, engine = files(host), engine_process(host)
    shown = adopt(docker_machine, host, "dev", "--transport", "ssh")
    assert "To be changed on the host" not in shown
    docker_machine("ssh-config", "--install")
    lines = docker_machine("env", "--shell", "bash", "dev")
    assert 'export DOCKER_HOST="ssh://dev.docker-machine"' in lines
    answer = client("info", "--format", "{{.Name}}", DOCKER_HOST="ssh://dev.docker-machine")
    assert answer.stdout == host.exec("hostname").stdout, answer.stderr
    left = docker_machine.run("modify", "dev", "--engine-label", "tier=prod")
    assert left.code == 1 and "a configuration of its own, which is left alone" in left.err, left
    assert json.loads(docker_machine("doctor", "--format", "json", "dev")), "nothing is wrong with it"
    assert (files(host), engine_process(host)) == (there, engine)


def test_what_cannot_be_adopted_says_why(bare_host, docker_host, docker_machine, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    assert "There is no Docker engine on" in refused(docker_machine, bare_host, "dev", "-y")
    said = docker_machine.run("adopt", "-y", "--generic-ip-address", docker_host.address, "--generic-ssh-key", tmp_path / "other", "dev")
    assert said.code == 1 and "refused the key" in said.err and said.seconds < 20
    assert "does not exist" in docker_machine.run("adopt", "-y", "--generic-ip-address", docker_host.address, "--generic-ssh-key",
                                                  "/nowhere", "dev").err
    docker_host.wait_for_engine()
    assert "--host-key says SHA256:none" in refused(docker_machine, docker_host, "dev", "-y", "--host-key", "SHA256:none")
    known = docker_machine.home / ".ssh" / "known_hosts"
    known.parent.mkdir()
    known.write_text(f"{docker_host.address} {' '.join(bare_host.host_key('ed25519').split()[:2])}\n")
    assert f"ssh-keygen -R {docker_host.address}" in refused(docker_machine, docker_host, "dev", "-y")
    known.write_text(f"{docker_host.address} {' '.join(docker_host.host_key('ed25519').split()[:2])}\n")
    plan = docker_machine(*words(docker_host, "dev", "--dry-run"))
    assert "which is the one that you know" in plan
    docker_host.exec("systemctl stop docker docker.socket")
    assert "does not run: start it there" in refused(docker_machine, docker_host, "dev", "-y")
    assert docker_machine.run("adopt", "-d", "qemu", "dev").err.startswith("Nothing can be adopted with the driver")
    assert docker_machine.run("adopt", "--generic-ip-address", "192.0.2.1", "a b").code == 1
    assert not os.path.exists(docker_machine.store / "machines")
