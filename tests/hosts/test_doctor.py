"""`doctor`: each fault is made for real, found without a change, mended with --fix; then docker and ssh work."""

import json
import subprocess
from pathlib import Path

import pytest

from test_certificates import process_of, run_container, set_address
from test_generic import create, docker

LIMIT = 120
#: Whatever may not change while a machine is only looked at.
STATE_OF_HOST = ("find /etc/ssh /etc/docker /root/.ssh /etc/shadow -type f | xargs sha256sum; ls -lR /root/.ssh /etc/ssh /etc/docker;"
                 "iptables -S; systemctl is-enabled ssh docker; systemctl is-active ssh docker;"
                 "timeout 1 docker ps --all --quiet | sort; timeout 1 docker images --all --quiet | sort")


def files_of(folder):
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in folder.rglob("*")
            if path.is_file() and "locks" not in path.parts}


def checks(result):
    """What doctor printed, {check: its rows}."""
    found = {}
    for row in json.loads(result.out):
        found.setdefault(row["Check"], []).append(row)
    return found


def wrong(found):
    return {check: rows for check, rows in found.items() if any(row["State"] == "wrong" for row in rows)}


def look(docker_machine, host, *expected):
    """Doctor without --fix: these checks are wrong and no others, and nothing has changed. All that it says of them."""
    before = files_of(docker_machine.store), host.exec(STATE_OF_HOST, check=False).stdout
    result = docker_machine.run("doctor", "--format", "json", "dev", limit=LIMIT)
    assert (files_of(docker_machine.store), host.exec(STATE_OF_HOST, check=False).stdout) == before
    assert result.code == (1 if expected else 0), result
    assert set(wrong(checks(result))) == set(expected), result
    return "\n".join(row["What"] + "\n" + row["Why"] + "\n" + row["Mend"]
                     for rows in wrong(checks(result)).values() for row in rows)


def mend(docker_machine, host, *expected):
    """Doctor with --fix: these checks were mended, all is well, docker and ssh work. All that it says was done."""
    result = docker_machine.run("doctor", "--fix", "--format", "json", "dev", limit=LIMIT)
    found = checks(result)
    assert result.code == 0 and wrong(found) == {}, result
    assert {check for check, rows in found.items() if any(row["State"] == "mended" for row in rows)} == set(expected), result
    assert docker(docker_machine, "dev", "version").returncode == 0
    assert docker_machine("ssh", "dev", "hostname") == "dev\n"
    left = host.exec("docker images --all --quiet docker-machine-host-shell; docker ps --all --quiet --filter label=docker-machine-host-shell")
    assert left.stdout == "", "the container and the image are gone"
    return "\n".join(row["Done"] for check in expected for row in found[check])


def until_failed(unit):
    return f"until systemctl is-failed --quiet {unit}; do sleep 0.1; done"


def test_ssh_is_mended_through_the_engine(docker_host, docker_machine):
    """Without a registry: the hosts of these tests reach none."""
    host = docker_host
    create(docker_machine, host, "dev")
    web = run_container(host)
    healthy = docker_machine.run("doctor", "dev")
    assert healthy.code == 0 and healthy.seconds < 5, healthy
    assert healthy.out == "dev\n  ok       record, creation, key, name, ssh port, ssh, clock, certificates, disk, engine, engine port, tls\n"

    host.exec(": > /root/.ssh/authorized_keys; chmod 777 /root/.ssh")
    assert "refused the key" in look(docker_machine, host, "ssh")
    shown = docker_machine.run("doctor", "dev")
    assert shown.code == 1 and "--fix mends it through the engine" in shown.out and "  wrong    ssh: " in shown.out
    done = mend(docker_machine, host, "ssh")
    assert "Our public key was not in /root/.ssh/authorized_keys" in done and "The mode of /root/.ssh was 777" in done

    host.exec("systemctl disable --now ssh")
    assert "connection refused" in look(docker_machine, host, "ssh port")
    assert "The service ssh was inactive: it was started." in mend(docker_machine, host, "ssh port")
    assert host.exec("systemctl is-enabled ssh").stdout == "enabled\n"

    host.exec("echo 'PortKnocking yes' >> /etc/ssh/sshd_config; systemctl restart ssh || true; " + until_failed("ssh"))
    look(docker_machine, host, "ssh port")
    assert '"PortKnocking yes": it is a comment now' in mend(docker_machine, host, "ssh port")
    assert b"\nPortKnocking" not in host.read("/etc/ssh/sshd_config")
    assert b"\nPortKnocking" in host.read("/etc/ssh/sshd_config.before-doctor")

    host.exec("kill -STOP $(systemctl show --property=MainPID --value ssh)")
    assert "says nothing" in look(docker_machine, host, "ssh")
    assert "The service ssh was restarted." in mend(docker_machine, host, "ssh")

    Path(docker_machine("inspect", "--format", "{{.Driver.SSHKeyPath}}", "dev").strip()).unlink()
    assert "is not there" in look(docker_machine, host, "key")
    assert "A new SSH key was made. Our public key was not in" in mend(docker_machine, host, "key")

    host.exec("iptables -A INPUT -p tcp --dport 22 -j DROP; usermod --expiredate 1 --shell /usr/sbin/nologin root")
    assert "A firewall" in look(docker_machine, host, "ssh port")
    done = mend(docker_machine, host, "ssh port")
    assert "lets TCP port 22 in" in done and "expired" in done and "/usr/sbin/nologin" in done
    assert process_of(host) == web

    # Without the engine there is no way, and it is said so.
    host.exec("systemctl stop ssh docker.socket docker")
    assert "its own console" in look(docker_machine, host, "ssh port", "engine port")
    assert docker_machine.run("doctor", "--fix", "dev", limit=LIMIT).code == 1


def test_the_engine_is_mended_over_ssh(docker_host, docker_machine, tmp_path):
    host = docker_host
    create(docker_machine, host, "dev")
    host.write("/etc/systemd/system/docker.service.d/50-quick.conf", b"[Service]\nRestartSec=100ms\n")  # it fails sooner
    host.exec("systemctl daemon-reload; systemctl disable docker; systemctl stop docker.socket docker")
    assert "its service docker is inactive" in look(docker_machine, host, "engine")
    done = mend(docker_machine, host, "engine")
    assert "It was started." in done and "It starts at each boot." in done
    host.write("/etc/docker/daemon.json", b'{"live-restore": true}')
    host.exec("systemctl restart docker")
    web = run_container(host)

    host.exec("iptables -A INPUT -p tcp --dport 2376 -j DROP")
    assert "a firewall on the machine" in look(docker_machine, host, "engine port")
    assert "lets TCP port 2376 in" in mend(docker_machine, host, "engine port")

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=mallory/CN=x", "-days", "9", "-keyout",
                    tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    host.write("/etc/docker/server.pem", (tmp_path / "cert.pem").read_bytes())
    host.write("/etc/docker/server-key.pem", (tmp_path / "key.pem").read_bytes(), 0o600)
    host.exec("systemctl restart docker")
    text = look(docker_machine, host, "tls")
    assert "x509: certificate signed by unknown authority" in text and 'by "mallory"' in text
    assert "new certificate" in mend(docker_machine, host, "tls")
    host.write("/etc/docker/ca.pem", (tmp_path / "cert.pem").read_bytes())
    host.exec("systemctl restart docker")
    assert "refuses our client certificate" in look(docker_machine, host, "tls")
    mend(docker_machine, host, "tls")
    assert process_of(host) == web

    # One that hangs cannot be asked to let its containers run on; they do if they would in any case.
    hang = "kill -STOP $(systemctl show --property=MainPID --value docker)"
    host.exec(hang)
    assert "does not answer" in look(docker_machine, host, "tls")
    assert "by live-restore" in mend(docker_machine, host, "tls")
    assert process_of(host) == web
    host.exec("rm /etc/docker/daemon.json; systemctl reload docker; sleep 1; " + hang)
    refused = docker_machine.run("doctor", "--fix", "dev", limit=LIMIT)
    assert refused.code == 1 and "would stop" in refused.out and "sudo systemctl restart docker" in refused.out, refused
    host.exec("kill -CONT $(systemctl show --property=MainPID --value docker)")
    assert process_of(host) == web

    host.write("/etc/docker/daemon.json", b'{"live-restore": true, "colour": "red"}')
    host.exec("systemctl restart docker || true; " + until_failed("docker"))
    assert "unable to configure the Docker daemon" in look(docker_machine, host, "engine")
    assert "/etc/docker/daemon.json.refused-by-engine" in mend(docker_machine, host, "engine")
    host.exec("sed -i 's/dockerd /dockerd --colour=red /' /etc/systemd/system/docker.service.d/10-machine.conf; "
              "systemctl daemon-reload; systemctl restart docker || true; " + until_failed("docker"))
    look(docker_machine, host, "engine")
    assert "docker-machine provision" in mend(docker_machine, host, "engine")


def test_a_full_disk_is_emptied_of_what_nobody_misses(docker_host, docker_machine):
    host = docker_host
    create(docker_machine, host, "dev")
    host.exec("systemctl stop docker.socket docker; mount -t tmpfs -o size=96m,mode=711 tmpfs /var/lib/docker; systemctl start docker")
    run_container(host)
    host.exec("mkdir -p waste; cd waste; printf 'FROM web\\nCOPY waste /\\n' >Dockerfile; for round in 1 2; do"
              " head -c 20000000 /dev/urandom >waste; docker build --tag waste . >/dev/null; done; docker volume create kept")
    free = int(host.exec("df -Pk /var/lib/docker | tail -n 1").stdout.split()[3])
    host.exec(f"head -c {(free - 3000) * 1024} /dev/zero >/var/lib/docker/volumes/kept/_data/data")
    text = look(docker_machine, host, "disk")
    assert "/var/lib/docker is full" in text and "% of its space" in text
    done = mend(docker_machine, host, "disk")
    assert "Images without a name that no container uses: " in done
    kept = host.exec("docker volume ls --quiet; docker ps --format '{{.Names}}'; docker images --format '{{.Repository}}' | sort")
    assert kept.stdout == "kept\nweb\nwaste\nweb\n"


def test_ended_certificates_are_renewed(docker_host, docker_machine):
    host = docker_host
    create(docker_machine, host, "dev")
    web = run_container(host)
    docker_machine.at(days=-1060)("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert "expires in 19 days" in look(docker_machine, host, "certificates")
    docker_machine.at(days=-1081).run("regenerate-certs", "-f", "--ca", limit=LIMIT)
    text = look(docker_machine, host, "certificates", "tls")
    assert "expired on 20" in text and "x509: certificate has expired" in text
    assert "The authority was replaced" in mend(docker_machine, host, "certificates", "tls")
    assert process_of(host) == web
    # Whose clock is wrong is seen by when certificates were made.
    behind = docker_machine.at(days=-400).run("doctor", "--format", "json", "dev", limit=LIMIT)
    clock = checks(behind)["clock"][0]
    assert behind.code == 1 and "400 days ahead of ours" in clock["What"] and "Ours seems to be the wrong one" in clock["What"]
    unchanged = docker_machine.at(days=-400).run("doctor", "--fix", "--format", "json", "dev", limit=LIMIT)
    assert unchanged.code == 1 and checks(unchanged)["clock"][0]["Done"] == ""
    ahead = checks(docker_machine.at(days=1060).run("doctor", "--format", "json", "dev", limit=LIMIT))
    assert "1060 days behind ours" in ahead["clock"][0]["What"]


@pytest.fixture
def host_behind_proxies(make_host, make_proxy, docker_machine):
    """A machine "dev" whose two ports are proxies: (host, the one of SSH, the one of the engine)."""
    host = make_host("docker")
    place = "127.77.0.1"
    ssh = make_proxy(host.address, 22, listen=place)
    engine = make_proxy(host.address, 2376, listen=place, listen_port=2376)
    docker_machine("create", "--driver", "generic", "--generic-ip-address", place, "--generic-ssh-key", host.key,
                   "--generic-ssh-port", ssh.port, "dev", limit=300)
    return host, ssh, engine


def test_a_changed_host_key(host_behind_proxies, make_host, docker_machine):
    host, ssh, engine = host_behind_proxies
    pinned = docker_machine.store / "machines" / "dev" / "known_hosts"
    old, new = host.host_key(), host.change_host_key()
    text = look(docker_machine, host, "ssh")
    assert "has changed: it was" in text and text.count("SHA256:") >= 2
    assert "it is pinned now" in mend(docker_machine, host, "ssh")
    assert new in pinned.read_text() and old not in pinned.read_text()

    # Another one on the way, who lets us in as well.
    before = pinned.read_bytes()
    ssh.target = (make_host("bare").address, 22)
    look(docker_machine, host, "ssh")
    attacked = docker_machine.run("doctor", "--fix", "dev", limit=LIMIT)
    assert attacked.code == 1 and "Somebody else answers on its SSH port" in attacked.out, attacked
    assert pinned.read_bytes() == before
    ssh.target = (host.address, 22)

    # Who says nothing holds nobody up.
    ssh.hang()
    engine.hang()
    hanging = docker_machine.run("doctor", "--fix", "--format", "json", "dev", limit=60)
    assert hanging.code == 1 and {"ssh", "tls"} == set(wrong(checks(hanging))), hanging
    assert "says nothing" in hanging.out and "its own console" in hanging.out
    ssh.resume()
    engine.resume()
    look(docker_machine, host)


def test_addresses_and_names(docker_host, docker_machine):
    """A generic machine cannot be asked where it is; a name that leads nowhere has no ports."""
    host = docker_host
    create(docker_machine, host, "dev")
    host.move()
    text = look(docker_machine, host, "ssh port", "engine port")
    assert "no machine is at that address any more" in text or "no way from this computer" in text
    set_address(docker_machine, "dev", host.address)
    assert "x509: certificate is valid for" in look(docker_machine, host, "tls", "certificates")
    mend(docker_machine, host, "tls", "certificates")
    set_address(docker_machine, "dev", "gone.invalid")
    text = look(docker_machine, host, "name", "certificates")
    assert "The name gone.invalid leads to no address" in text
