"""The Debian package: what lintian says of it, and its life in a clean Debian 12."""

import os
import shutil
import stat
import subprocess

import images
import pytest
from conftest import run


def minimal_debian():
    """The tar of a minimal Debian 12, made once."""
    path = images.cache_folder() / "minbase-bookworm.tar"
    with images.locked("build-minbase"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            options = [f"--aptopt={option}" for option in images.apt_options()]
            subprocess.run(["mmdebstrap", "--quiet", "--mode=root", "--format=tar", "--variant=minbase", *options, images.SUITE,
                            str(draft), *images.apt_sources(images.SUITE)], check=True, stdin=subprocess.DEVNULL, timeout=images.BUILD_LIMIT)
            draft.rename(path)
    return path


#: What programs expect in /dev; tar could not make them everywhere.
DEVICES = {"null": (1, 3), "zero": (1, 5), "random": (1, 8), "urandom": (1, 9)}


class Debian:
    """A fresh minimal Debian 12 in a folder."""

    def __init__(self, root):
        self.root = root
        root.mkdir()
        run("tar", "-C", root, "-xf", minimal_debian(), "--exclude=./dev/*")
        for name, number in DEVICES.items():
            os.mknod(root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(*number))
            (root / "dev" / name).chmod(0o666)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        # Nothing may be started in a root that was not booted.
        (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (root / "usr/sbin/policy-rc.d").chmod(0o755)

    def run(self, *words):
        environment = {"HOME": "/root", "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("/usr/sbin/chroot", self.root, *words, env=environment, timeout=600)

    def files(self):
        """All but logs and what package managers keep for themselves."""
        skipped = ("var/lib/dpkg", "var/lib/apt", "var/log", "var/cache", "proc", "dev", "tmp")
        found = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return {path for path in found if not path.startswith(skipped)}

    def packages(self):
        return set(self.run("dpkg-query", "-W", "-f", "${Package} ${Status}\\n").splitlines())


@pytest.fixture
def debian(needs_root, tmp_path):
    return Debian(tmp_path / "debian")


def test_install_use_remove(debian, release):
    """With apt, as a user does: what is recommended comes along, and all of it goes again."""
    package = next(release.glob("*.deb"))
    shutil.copy(package, debian.root / "root")
    before, packages = debian.files(), debian.packages()
    debian.run("apt-get", "-q", "update")
    said = debian.run("apt", "-q", "-y", "install", f"/root/{package.name}")
    assert "Setting up docker-machine (" in said
    assert {"docker-machine", "openssh-client", "ca-certificates"} <= {line.split()[0] for line in debian.packages() - packages}
    assert "docker-machine version" in debian.run("docker-machine", "version")
    assert debian.run("docker-machine", "ls", "-q") == ""
    assert not debian.run("dpkg", "--audit") and not debian.run("dpkg", "--verify", "docker-machine")
    files = debian.run("dpkg", "--listfiles", "docker-machine").splitlines()
    for file in ("/usr/bin/docker-machine", "/usr/share/doc/docker-machine/copyright", "/usr/share/zsh/vendor-completions/_docker-machine",
                 "/usr/share/man/man1/docker-machine-create.1.gz", "/usr/libexec/docker/cli-plugins/docker-machine"):
        assert file in files
    # Debian's docker client finds its plugin.
    client = debian.root / "usr/local/bin/docker"
    shutil.copy("/usr/bin/docker", client)
    assert "machine*" in debian.run("docker", "--help")
    debian.run("docker", "machine", "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "there")
    assert debian.run("docker", "machine", "ls", "-q") == "there\n"
    debian.run("docker", "machine", "rm", "-y", "there")
    client.unlink()
    shutil.rmtree(debian.root / "root/.docker")
    loaded = "source /usr/share/bash-completion/completions/docker-machine; complete -p docker-machine"
    assert "_docker_machine" in debian.run("bash", "-c", loaded)
    debian.run("apt-get", "-q", "-y", "--reinstall", "install", f"/root/{package.name}")
    debian.run("apt", "-q", "-y", "purge", "docker-machine")
    left = {path for path in debian.files() - before if "docker" in path and not path.startswith("root/")}
    assert left == set() and not [line for line in debian.packages() if line.startswith("docker-machine ")]
    # apt itself recommends ca-certificates, and would keep them for that.
    debian.run("apt", "-q", "-y", "-o", "APT::AutoRemove::RecommendsImportant=false", "-o", "APT::AutoRemove::SuggestsImportant=false",
               "--purge", "autoremove")
    assert debian.packages() == packages


def test_alone(debian, release):
    """It depends on nothing: dpkg installs it without a mirror, and nothing is left when it goes."""
    package = next(release.glob("*.deb"))
    shutil.copy(package, debian.root / "root")
    before = debian.files()
    debian.run("dpkg", "--install", f"/root/{package.name}")
    assert "docker-machine version" in debian.run("docker-machine", "version")
    assert debian.run("docker-machine", "ls", "-q") == ""
    debian.run("dpkg", "--purge", "docker-machine")
    assert debian.files() == before


def test_lintian_has_nothing_to_say(release):
    """Down to what is only pedantic; what we override is in the package, with its reason."""
    done = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--display-info", "--pedantic", "--fail-on", "pedantic,info,warning,error",
                           next(release.glob("*.deb"))], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr
