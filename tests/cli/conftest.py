"""What a test of the command line can ask for. README.md says how to use it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hosts"))  # cli.py: how to run the program

import cli  # noqa: E402
from servers import Engine, FullQueue, SilentServer, Sshd  # noqa: E402
from store import refusing_url  # noqa: E402


@pytest.fixture(scope="session")
def binary():
    """The program under test. Fails, and does not skip, if it is not built."""
    try:
        return cli.binary_path()
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def bare(binary, tmp_path):
    """The program with an empty home: the first `create` makes the authority."""
    return cli.DockerMachine(binary, tmp_path / "home")


@pytest.fixture(scope="session")
def certificates(binary, tmp_path_factory):
    """A certs folder as the first `create` makes it, so that not every test waits for new RSA keys."""
    maker = cli.DockerMachine(binary, tmp_path_factory.mktemp("authority"))
    maker("create", "-d", "none", "--url", refusing_url(), "first")
    return maker.store / "certs"


@pytest.fixture
def docker_machine(bare, certificates):
    """The program with a store that has its certificates, and no machine."""
    bare.store.mkdir(parents=True, mode=0o700)
    shutil.copytree(certificates, bare.store / "certs")
    return bare


@pytest.fixture
def make_engine():
    """make_engine(store): engines that answer over TLS with the certificates of that store, for one test."""
    engines = []

    def make(store, **how):
        engines.append(Engine(store, **how))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def make_sshd(tmp_path):
    """make_sshd(): OpenSSH servers of one test, each with a port and a key of its own."""
    servers = []

    def make():
        servers.append(Sshd(tmp_path / f"sshd{len(servers)}"))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def full_queue():
    """A port of this computer, at every 127.x.y.z, that never answers."""
    with FullQueue() as queue:
        yield queue


@pytest.fixture
def silent_server():
    """A port that takes every connection and says nothing."""
    with SilentServer() as server:
        yield server


@pytest.fixture
def make_disk(tmp_path):
    """make_disk("64k"): a file system of its own of that size; needs root."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: full and read-only disks need root, for mount")
    mounted = []

    def make(size):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", folder], check=True)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def strace():
    """The path of strace, with which a command is killed at a chosen system call."""
    path = shutil.which("strace")
    if not path:
        pytest.skip("NOT TESTED: crashes at every system call need strace (apt-get install strace)")
    if subprocess.run([path, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED: crashes at every system call need ptrace, which is not allowed here")
    return path
