"""The release's program in a root with nothing in it but /etc/resolv.conf, /etc/hosts, a CA bundle and the user's key."""

import platform
import shutil
import subprocess

import pytest

from name_server import NameServer


class EmptyRoot:
    def __init__(self, root, program, resolver):
        self.root = root
        (root / "etc/ssl/certs").mkdir(parents=True)
        (root / "root").mkdir()
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        (root / "etc/resolv.conf").write_text(f"nameserver {resolver}\n")
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs")
        shutil.copy(program, root / "docker-machine")

    def run(self, *words, environment=None, limit=200):
        return subprocess.run(["/usr/sbin/chroot", str(self.root), "/docker-machine", *map(str, words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=limit, env={"HOME": "/root", **(environment or {})}, check=False)

    def __call__(self, *words, **more):
        done = self.run(*words, **more)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def name_server():
    server = NameServer({})
    yield server
    server.close()


@pytest.fixture
def empty_root(needs_root, release, tmp_path, name_server):
    return EmptyRoot(tmp_path, release / f"docker-machine-{platform.system()}-{platform.machine()}", name_server.address)


def test_commands(empty_root):
    assert "docker-machine version" in empty_root("version")
    empty_root("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "there")
    assert empty_root("ls", "-q") == "there\n"
    assert "there" in empty_root("ls", "--timeout", "5")
    assert (empty_root.root / "root/.docker/machine/certs/ca.pem").exists()


def test_what_is_missing_is_named(empty_root):
    empty_root("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "there")
    done = empty_root.run("scp", "a", "there:b")
    assert done.returncode == 1 and "scp" in done.stderr


@pytest.mark.parametrize("way", ["hosts", "dns"])
def test_names_ssh_and_tls(empty_root, name_server, docker_host, way):
    """A real host, reached by a name, over SSH and then over TLS."""
    name = f"box.{way}.test"
    if way == "hosts":
        (empty_root.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{docker_host.address} {name}\n")
    else:
        name_server._names[name] = docker_host.address
    shutil.copy(docker_host.key, empty_root.root / "key")
    out = empty_root("create", "-d", "generic", "--generic-ip-address", name, "--generic-ssh-key", "/key", "box", limit=300)
    assert "Docker is up and running!" in out
    assert empty_root("version", "box")[0].isdigit()
    assert f"-H=tcp://{name}:2376" in empty_root("config", "box")
    assert (name in name_server.asked) == (way == "dns")


def test_unknown_name_is_told(empty_root):
    empty_root("create", "-d", "none", "--url", "tcp://nowhere.test:2376", "lost")
    done = empty_root.run("config", "lost")
    assert done.returncode == 1 and "nowhere.test" in done.stderr
