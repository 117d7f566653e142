"""Several machines at once: docker contexts, SSH for the user's other programs, one command on many machines."""

import json
import os
import subprocess

import pytest

from test_generic import CREATE_LIMIT, create

DOCKER = "/usr/bin/docker"


@pytest.fixture
def client(docker_machine, tmp_path):
    """client("ps", …): the real docker client in the program's home. OpenSSH asks the system where its user's home is, and
    not $HOME: a program in front of it says so."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("ssh", "scp"):
        (programs / name).write_text(f'#!/bin/sh\ntest -e "$HOME/.ssh/config" && set -- -F "$HOME/.ssh/config" "$@"\nexec /usr/bin/{name} "$@"\n')
        (programs / name).chmod(0o755)
    (programs / "docker").symlink_to(DOCKER)
    docker_machine.environment["PATH"] = f"{programs}:{docker_machine.environment['PATH']}"

    def run(*words, **environment):
        return subprocess.run(["docker", *words], env={**docker_machine.environment, **environment}, capture_output=True,
                              text=True, timeout=60, check=False)

    return run


def name_at(client, *words, **environment):
    """The name of the host that answers."""
    result = client(*words, "info", "--format", "{{.Name}}", **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def block_engine_port(host):
    host.exec("iptables -I INPUT -p tcp --dport 2376 -j DROP", check=True)


def test_five_contexts_at_once(make_host, docker_machine, client):
    docker_machine("create", "--driver", "none", "--url", "tcp://127.0.0.1:1", "first")  # makes the certificates
    docker_machine("context", "--always", "--prefix", "dm-")
    hosts = {name: make_host("docker") for name in ("m1", "m2", "m3", "m4", "m5")}
    running = [docker_machine.start("create", "--driver", "generic", "--generic-ip-address", host.address, "--generic-ssh-key",
                                    host.key, name) for name, host in hosts.items()]
    for one in running:
        result = one.finish(limit=CREATE_LIMIT)
        assert result.code == 0, str(result)
    clients = {name: subprocess.Popen(["docker", "--context", f"dm-{name}", "info", "--format", "{{.Name}}"], text=True,
                                      env=docker_machine.environment, stdout=subprocess.PIPE) for name in hosts}
    assert {name: one.communicate(timeout=60)[0].strip() for name, one in clients.items()} == {name: name for name in hosts}
    assert json.loads(docker_machine("context", "--format", "json")) == [
        {"Machine": name, "Context": f"dm-{name}", "Transport": "tls"} for name in hosts]

    # A new client certificate is in the context as soon as it is there at all.
    certs = docker_machine.store / "certs"
    before = (certs / "cert.pem").read_bytes()
    for file in ("cert.pem", "key.pem"):
        (certs / file).unlink()
    docker_machine("regenerate-certs", "-f", "m1", limit=CREATE_LIMIT)
    assert (certs / "cert.pem").read_bytes() != before
    assert name_at(client, "--context", "dm-m1") == "m1"
    [meta] = json.loads(client("context", "inspect", "dm-m1").stdout)
    stored = os.path.join(meta["Storage"]["TLSPath"], "docker", "cert.pem")
    with open(stored, "rb") as file:
        assert file.read() == (certs / "cert.pem").read_bytes()

    # It goes with its machine; one of another name goes when the machine gets a new one.
    docker_machine("rm", "-y", "m1")
    docker_machine("context", "--prefix", "box.", "m2")
    names = client("context", "ls", "--format", "{{.Name}}").stdout.split()
    assert sorted(names) == ["box.m2", "default", "dm-m3", "dm-m4", "dm-m5"]
    docker_machine("context", "--rm", "--all")
    assert client("context", "ls", "--format", "{{.Name}}").stdout.split() == ["default"]


def test_contexts_of_others_are_left_alone(docker_machine, client):
    for name in ("default", "x", "web"):
        docker_machine("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", name)
    client("context", "create", "web", "--docker", "host=tcp://192.0.2.9:2375")
    for name, why in [("default", "takes no context called \"default\": give a --prefix"),
                      ("x", "takes no context called \"x\""), ("web", "that is not of this store")]:
        result = docker_machine.run("context", name)
        assert result.code == 1 and why in result.err, str(result)
    docker_machine("rm", "-y", "web")
    assert "web" in client("context", "ls", "--format", "{{.Name}}").stdout.split()
    assert docker_machine("context", "--prefix", "m-", "--all").split() == ["m-default", "m-x"]
    assert docker_machine.run("context", "--prefix", "-", "x").code == 1
    assert docker_machine.run("context", "nobody").code == 1


def test_without_a_docker_client_machines_are_made_all_the_same(docker_machine, tmp_path):
    docker_machine("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", "web")
    docker_machine.environment["PATH"] = str(tmp_path)
    result = docker_machine.run("context", "web")
    assert result.code == 1 and "install it, so that \"docker\" is in your PATH" in result.err
    docker_machine("context", "--always")
    made = docker_machine.run("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", "other")
    assert made.code == 0 and '"other" has no docker context' in made.err, str(made)
    docker_machine("rm", "-y", "web", "other")


def test_the_engine_over_ssh_with_its_port_closed(docker_host, docker_machine, client):
    create(docker_machine, docker_host, "dev")
    refused = docker_machine.run("env", "--transport", "ssh", "dev")
    assert refused.code == 1 and "docker-machine ssh-config --install" in refused.err and refused.out == ""
    own = docker_machine.home / ".ssh" / "config"
    own.parent.mkdir(exist_ok=True)
    own.write_text("Host elsewhere\n  User me\n")
    for _ in range(2):
        docker_machine("ssh-config", "--install")
    assert own.read_text() == f'Include "{docker_machine.store}/ssh_config"\nHost elsewhere\n  User me\n'
    block_engine_port(docker_host)
    lines = docker_machine("env", "--shell", "bash", "--transport", "ssh", "dev")
    assert 'export DOCKER_HOST="ssh://dev.docker-machine"' in lines and "unset DOCKER_TLS_VERIFY" in lines
    result = subprocess.run(["bash", "-c", lines + "\ndocker info --format '{{.Name}}'"], env=docker_machine.environment,
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "dev\n", result.stderr

    docker_machine("context", "--transport", "ssh", "--prefix", "ssh-", "dev")
    assert name_at(client, "--context", "ssh-dev") == "dev"
    docker_machine("rm", "-y", "dev")
    assert "dev" not in (docker_machine.store / "ssh_config").read_text()


def test_blocks_for_openssh(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "dev", user="admin")
    docker_machine("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", "elsewhere")
    config = tmp_path / "blocks"
    config.write_text(docker_machine("ssh-config"))
    assert "elsewhere" not in config.read_text()
    for name in ("dev", "dev.docker-machine"):
        shown = subprocess.run(["/usr/bin/ssh", "-F", config, name, "id -un"], capture_output=True, text=True, timeout=30,
                               check=False)
        assert shown.stdout == "admin\n", shown.stderr
    (tmp_path / "note").write_text("hello")
    subprocess.run(["/usr/bin/scp", "-F", config, tmp_path / "note", "dev:/tmp/note"], check=True, timeout=30)
    assert docker_host.read("/tmp/note") == b"hello"
    docker_host.change_host_key()
    assert subprocess.run(["/usr/bin/ssh", "-F", config, "dev", "true"], capture_output=True, timeout=30,
                          check=False).returncode == 255


def test_one_command_on_many_machines(make_host, docker_machine):
    for name in ("alpha", "b"):
        create(docker_machine, make_host("docker"), name)
    both = docker_machine.run("run-on", "b", "alpha", "--", "hostname; echo careful >&2; printf end")
    assert both.code == 0, str(both)
    assert sorted(both.out.splitlines()) == ["alpha | alpha", "alpha | end", "b     | b", "b     | end"]
    assert sorted(both.err.splitlines()) == ["alpha | careful", "b     | careful"]
    one = docker_machine.run("run-on", "b", "--", "echo alone; exit 7")
    assert (one.code, one.out, one.err) == (7, "alone\n", "")
    mixed = docker_machine.run("run-on", "--all", "--", "test $(hostname) = b")
    assert mixed.code == 1 and "alpha: exit status 1" in mixed.err and "b: exit" not in mixed.err

    docker_machine("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", "c")
    result = docker_machine.run("run-on", "--all", "--", "true")
    assert result.code == 1 and 'c: Machine "c" has the driver "none", which gives no SSH access' in result.err
    late = docker_machine.run("run-on", "-t", "2", "b", "--", "sleep 60")
    assert late.code == 1 and late.seconds < 30, str(late)
    for wrong in (["run-on", "b"], ["run-on", "--", "true"], ["run-on", "--all", "b", "--", "true"],
                  ["run-on", "nobody", "b", "--", "touch /tmp/never"]):
        assert docker_machine.run(*wrong).code == 1, wrong
    assert docker_machine.run("run-on", "b", "--", "test ! -e /tmp/never").code == 0
