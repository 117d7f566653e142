"""What a test on real hosts can ask for. README.md says how to use it."""

import os
import shutil
import sys

import pytest

sys.dont_write_bytecode = True

import cli  # noqa: E402
import guard  # noqa: E402
import images  # noqa: E402
from engine import Engine  # noqa: E402
from host import Host, make_key  # noqa: E402
from proxy import Proxy  # noqa: E402

#: Each program that the tests call, with the Debian package that has it.
PROGRAMS = {
    guard.DOCKERD: "docker.io", guard.DOCKER: "docker.io", "mmdebstrap": "mmdebstrap", "ip": "iproute2",
    "/usr/bin/ssh": "openssh-client", "ssh-keygen": "openssh-client", "unshare": "util-linux",
    "/bin/busybox": "busybox-static",
}


def started_engine(request, kinds):
    """The private docker engine with the images of these kinds of hosts, until it is closed."""
    if os.geteuid() != 0:
        pytest.skip("tests on hosts need root: they start a docker engine and a bridge")
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if missing:
        pytest.fail("packages are missing: apt-get install " + " ".join(missing), pytrace=False)
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text):
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", flush=True)

    made = Engine(say, kinds)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def engine(request):
    """The private docker engine, started with the first test that needs a host."""
    yield from started_engine(request, images.HOST_KINDS)


@pytest.fixture(scope="session")
def ssh_key(tmp_path_factory):
    """The private key that every host lets in, for root and for admin."""
    return make_key(tmp_path_factory.mktemp("key") / "id_ed25519")


@pytest.fixture
def make_host(engine, ssh_key, request):
    """make_host("bare"), make_host("docker", user="admin"), ...: hosts for one test, removed after it."""
    hosts = []
    request.node.hosts = hosts

    def make(kind="bare", **more):
        host = Host(engine, kind, more.pop("key", ssh_key), **more)
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        host.remove()


@pytest.fixture
def bare_host(make_host):
    """A host without docker and without curl, for one test."""
    return make_host("bare")


@pytest.fixture
def docker_host(make_host):
    """A host with Debian's docker.io, for one test. Its engine may still be starting: wait_for_engine()."""
    return make_host("docker")


@pytest.fixture(scope="session")
def shared_docker_host(engine, ssh_key):
    """A host with docker for all tests that only look at it; its engine answers."""
    host = Host(engine, "docker", ssh_key)
    try:
        host.wait_for_engine()
        yield host
    finally:
        host.remove()


@pytest.fixture
def make_proxy():
    """make_proxy(host.address, 22, round_trip=0.1): proxies for one test."""
    proxies = []

    def make(*target, **how):
        proxy = Proxy(*target, **how)
        proxies.append(proxy)
        return proxy

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def docker_machine(tmp_path):
    """The program under test with an empty home. Fails, and does not skip, if it is not built."""
    try:
        return cli.DockerMachine(cli.binary_path(), tmp_path / "home")
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds to a failure what its hosts logged."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for host in getattr(item, "hosts", []):
            try:
                report.sections.append((f"journal of {host.name}", host.journal()))
            except Exception as error:  # a report must not fail because a host is gone
                report.sections.append((f"journal of {host.name}", f"cannot be read: {error}"))
