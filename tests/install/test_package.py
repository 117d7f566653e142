"""The Debian package in a clean Debian 12."""

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
                            str(draft), *images.apt_sources()], check=True, stdin=subprocess.DEVNULL, timeout=images.BUILD_LIMIT)
            draft.rename(path)
    return path


@pytest.fixture
def debian(needs_root, tmp_path):
    """A fresh minimal Debian 12 in a folder."""
    root = tmp_path / "debian"
    root.mkdir()
    run("tar", "-C", root, "-xf", minimal_debian(), "--exclude=./dev/*")
    return root


def files_of(root):
    skipped = ("var/lib/dpkg", "var/log", "var/cache", "proc", "dev")
    return {str(path.relative_to(root)) for path in root.rglob("*") if not str(path.relative_to(root)).startswith(skipped)}


def test_install_use_remove(debian, release):
    package = next(release.glob("*.deb"))
    (debian / package.name).write_bytes(package.read_bytes())
    (debian / "dev" / "null").touch()
    before = files_of(debian)
    run("chroot", debian, "dpkg", "--install", f"/{package.name}")
    assert "docker-machine version" in run("chroot", debian, "docker-machine", "version")
    assert run("/usr/sbin/chroot", debian, "docker-machine", "ls", "-q", env={"HOME": "/root", "PATH": "/usr/bin:/bin"}) == ""
    assert not run("chroot", debian, "dpkg", "--audit")
    files = run("chroot", debian, "dpkg", "--listfiles", "docker-machine").splitlines()
    for file in ("/usr/bin/docker-machine", "/usr/share/man/man1/docker-machine-create.1.gz", "/usr/share/doc/docker-machine/copyright",
                 "/usr/share/zsh/vendor-completions/_docker-machine", "/usr/libexec/docker/cli-plugins/docker-machine"):
        assert file in files
    loaded = "source /usr/share/bash-completion/completions/docker-machine; complete -p docker-machine"
    assert "_docker_machine" in run("chroot", debian, "bash", "-c", loaded)
    run("chroot", debian, "dpkg", "--purge", "docker-machine")
    assert files_of(debian) == before
