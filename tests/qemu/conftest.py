"""One real virtual machine for all tests, and what they do with it. README.md says how to use it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1] / "hosts"))

import cli  # noqa: E402
from tour import Shell  # noqa: E402
from virtual_machine import VirtualMachine, end_processes_of  # noqa: E402

DEFAULT_IMAGE = cli.REPOSITORY / "build" / "machine-image.qcow2"
BOOT_LIMIT = 300  # seconds; a machine is up in 30 to 60, if this computer has nothing else to do
CREATE = "docker-machine create --driver qemu --qemu-open-port 8000 dev"
OPTIONS = '--engine-label tier=test --engine-env "FOO=bar baz" --tls-san dev.example'
PAGE = "<h1>A page from a container</h1>\n"

#: Each program that the tests call, with the Debian package that has it.
PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils", "/usr/bin/docker": "docker.io",
    "/usr/bin/docker-compose": "docker-compose", "/bin/busybox": "busybox-static", "/usr/bin/ssh": "openssh-client",
    "curl": "curl", "openssl": "openssl",
}


@pytest.fixture(scope="session")
def image():
    """The machine image: DM_MACHINE_IMAGE, else the one that ./check makes."""
    path = Path(os.environ.get("DM_MACHINE_IMAGE") or DEFAULT_IMAGE).resolve()
    if not path.is_file():
        pytest.fail(f"There is no machine image '{path}'. Make it with images/make-machine-image --output FILE, or set "
                    "DM_MACHINE_IMAGE to one.", pytrace=False)
    return path


@pytest.fixture(scope="session")
def docker_machine(tmp_path_factory):
    """The program under test with a home for all tests, so that the image is copied once. Nothing in it survives."""
    missing = sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})
    if missing:
        pytest.fail("packages are missing: apt-get install " + " ".join(missing), pytrace=False)
    try:
        machine = cli.DockerMachine(cli.binary_path(), tmp_path_factory.mktemp("qemu") / "home")
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield machine
    finally:
        for folder in (machine.store / "machines").glob("*"):
            remove(machine, folder.name)
        shutil.rmtree(machine.home, ignore_errors=True)  # pytest would keep the image for three runs


def remove(docker_machine, name):
    """Ends a machine whatever state it is in, and the program too."""
    try:
        uuid = VirtualMachine(docker_machine.store, name).uuid
    except (FileNotFoundError, KeyError, ValueError):
        uuid = None
    try:
        docker_machine.run("rm", "-f", "-y", name)
    finally:
        if uuid:
            end_processes_of(uuid)


@pytest.fixture(scope="session")
def shell(docker_machine):
    """A user's bash, for the lines of the tour."""
    return Shell(docker_machine, docker_machine.home / "work")


@pytest.fixture(scope="session")
def created(docker_machine, shell, image):
    """The machine "dev" as the tour creates it, with some more options; and what `create` said, in .result."""
    machine = VirtualMachine(docker_machine.store, "dev")
    line = CREATE.replace(" dev", f" {OPTIONS} dev")
    machine.result = shell.run(line, limit=BOOT_LIMIT, environment={"QEMU_IMAGE": str(image)})
    if machine.result.code != 0:
        pytest.fail(f"{machine.result}\n--- console\n{machine.console()}", pytrace=False)
    return machine


@pytest.fixture
def dev(created, docker_machine):
    """The machine "dev", running: a test that left it in another state does not spoil the next one."""
    if created.folder.exists() and docker_machine("status", "dev") != "Running\n":
        docker_machine("start", "dev", limit=BOOT_LIMIT)
    return created


@pytest.fixture
def webserver(dev, shell):
    """The tour's container on `dev`, serving PAGE at port 8000. No registry is needed for its image."""
    there = shell.run("eval $(docker-machine env dev)\ndocker start webserver")
    if there.code == 0:
        return
    context = shell.folder / "webserver"
    context.mkdir(exist_ok=True)
    shutil.copy("/bin/busybox", context / "busybox")
    (context / "index.html").write_text(PAGE)
    (context / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\nCOPY index.html /www/index.html\n"
        'STOPSIGNAL SIGKILL\nCMD ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"]\n')
    shell("eval $(docker-machine env dev)\n"
          "DOCKER_BUILDKIT=0 docker build --quiet --tag webserver webserver\n"
          "docker run -d -p 8000:80 --name webserver webserver\n", limit=120)


@pytest.fixture
def served_certificate(dev, docker_machine):
    """served_certificate(): the serial and names of the certificate that the engine shows on the line, as openssl prints them."""
    def look():
        certs = docker_machine.store / "certs"
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"{dev.address}:2376", "-verify_return_error", "-CAfile", certs / "ca.pem",
             "-cert", certs / "cert.pem", "-key", certs / "key.pem"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=True).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-serial", "-ext", "subjectAltName"], input=shown,
                              capture_output=True, text=True, timeout=10, check=True).stdout
    return look


@pytest.fixture
def new_machine(docker_machine):
    """new_machine("name"): a VirtualMachine that a test is about to create; what is left of it goes after the test."""
    names = []

    def make(name):
        names.append(name)
        return VirtualMachine(docker_machine.store, name)

    yield make
    for name in names:
        if (docker_machine.store / "machines" / name).exists():
            remove(docker_machine, name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds to a failure what the machine wrote to its console."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and "created" in getattr(item, "funcargs", {}):
        report.sections.append(("console of dev", item.funcargs["created"].console()))
