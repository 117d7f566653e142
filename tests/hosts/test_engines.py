"""Engines of other ages and of another make: whoever speaks the engine's API is an engine."""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time

import pytest

import gateway as gateways
import guard
from gateway import Age

#: From Docker 25 on, and from Docker 29 on.
AGES = [Age(oldest="1.24", newest="1.44", version="25.0.5"), Age(oldest="1.44", newest="1.52", version="29.0.0")]


@pytest.fixture
def make_gateway(docker_machine):
    """make_gateway(connect, age): TLS ends with certificates of the store, which has a machine `first` that is nowhere."""
    docker_machine("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "first")
    made = []

    def make(connect=None, age=None):
        made.append(gateways.Gateway(docker_machine.store, connect, age))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def podman(tmp_path):
    """The socket of podman's own service."""
    if os.geteuid() != 0:
        pytest.skip("podman as a host's engine needs root")
    if not shutil.which("podman"):
        pytest.fail("packages are missing: apt-get install podman", pytrace=False)
    socket = tmp_path / "podman.sock"
    run = tempfile.TemporaryDirectory(prefix="podman-")  # podman takes no path of more than 50 characters
    with open(tmp_path / "podman.log", "wb") as log:
        service = subprocess.Popen(
            ["podman", "--root", tmp_path / "data", "--runroot", run.name, "--storage-driver", "vfs",
             "--cgroup-manager", "cgroupfs", "system", "service", "--time", "0", f"unix://{socket}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not socket.exists():
            assert service.poll() is None and time.monotonic() < until, (tmp_path / "podman.log").read_text()
            time.sleep(0.02)
        yield socket
    finally:
        service.terminate()
        try:
            service.wait(30)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()
        run.cleanup()


def row(docker_machine, name):
    """State, engine's version and error of one machine of `ls`."""
    template = "{{.Name}}|{{.State}}|{{.DockerVersion}}|{{.Error}}"
    rows = [line.split("|", 3) for line in docker_machine("ls", "--format", template).splitlines()]
    return next(tuple(cells) for own, *cells in rows if own == name)


def docker(docker_machine, name, *arguments, **environment):
    """Runs Debian's docker client with what `config` prints.

    The original's none machines have no certificates in their folder, nor do ours: those of the store do.
    """
    options = docker_machine("config", name).replace(f"/machines/{name}/", "/certs/")
    return subprocess.run([guard.DOCKER, *shlex.split(options), *arguments],
                          env={**docker_machine.environment, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


def check_as_engine(docker_machine, name, url, version):
    """All commands that speak with an engine find one of this version."""
    assert row(docker_machine, name) == ("Running", f"v{version}", "")
    assert docker_machine("version", name) == f"{version}\n"
    assert docker_machine("status", name) == "Running\n"
    assert docker_machine("url", name) == f"{url}\n"
    assert f"-H={url}" in docker_machine("config", name)
    assert f'DOCKER_HOST="{url}"' in docker_machine("env", name)
    assert docker_machine("active", environment={"DOCKER_HOST": url}) == f"{name}\n"


@pytest.mark.parametrize("age", AGES, ids=lambda age: age.version)
def test_engines_that_refuse_old_clients(engine, docker_machine, make_gateway, age):
    """The original names API 1.15, which these engines refuse: no version, no row without an error."""
    real = make_gateway(gateways.unix(guard.socket_of(engine.folder).removeprefix("unix://")), age)
    docker_machine("create", "-d", "none", "--url", real.url, "aged")
    check_as_engine(docker_machine, "aged", real.url, age.version)
    ours = [request for request in real.requests if request.split()[1] not in ("/version", "/_ping")]
    assert real.requests and not ours, "a version of the API is named, or something else is asked"

    refused = docker(docker_machine, "aged", "version", DOCKER_API_VERSION="1.15")
    assert refused.returncode != 0 and f"Minimum supported API version is {age.oldest}" in refused.stderr
    served = docker(docker_machine, "aged", "version", "--format", "{{json .Server}}", DOCKER_API_VERSION=age.newest)
    assert served.returncode == 0, served.stderr
    assert json.loads(served.stdout)["Version"] == age.version


def test_create_in_front_of_an_engine_of_today(make_host, docker_machine, make_gateway, make_proxy):
    """The machine's address is the gateway's: all that `create` and `regenerate-certs` ask of the engine goes through it."""
    host = make_host("docker")
    age = AGES[-1]
    front = make_gateway(age=age)
    front.connect = gateways.tls(docker_machine.store, host.address, front.port)
    line = make_proxy(host.address, 22)
    docker_machine("create", "-d", "generic", "--generic-ip-address", line.address, "--generic-ssh-port", line.port,
                   "--generic-ssh-key", host.key, "--generic-engine-port", front.port, "aged", limit=180)
    assert front.requests, "create has not looked whether the engine answers"
    check_as_engine(docker_machine, "aged", front.url, age.version)
    front.requests.clear()
    docker_machine("regenerate-certs", "-f", "aged", limit=180)
    assert front.requests and not [request for request in front.requests if request.split()[1].startswith("/v1")]
    # Its server's certificate is new, the gateway's is not, and the authority of both is the same.
    assert row(docker_machine, "aged") == ("Running", f"v{age.version}", "")


def test_podman_is_an_engine(podman, docker_machine, make_gateway):
    front = make_gateway(gateways.unix(podman))
    own = subprocess.run(["podman", "--version"], capture_output=True, text=True, check=True, timeout=30).stdout.split()[-1]
    docker_machine("create", "-d", "none", "--url", front.url, "pod")
    check_as_engine(docker_machine, "pod", front.url, own)
    client = docker(docker_machine, "pod", "version", "--format", "{{json .Server}}")
    assert client.returncode == 0, client.stderr
    server = json.loads(client.stdout)
    assert server["Version"] == own and "Podman Engine" in [part["Name"] for part in server["Components"]]
    listed = docker(docker_machine, "pod", "ps", "--all", "--quiet")
    assert (listed.returncode, listed.stdout) == (0, ""), listed.stderr
