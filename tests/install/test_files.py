"""What `cmake --install` puts where, the manual pages, and the release's files."""

import os
import platform
import re
import subprocess

import cli
from conftest import run


def commands():
    return sorted(path.stem for path in (cli.REPOSITORY / "docs" / "commands").glob("*.md"))


def expected_files():
    docs = cli.REPOSITORY / "docs"
    pages = ["docker-machine", *(f"docker-machine-{name}" for name in commands())]
    return sorted(["bin/docker-machine", "libexec/docker/cli-plugins/docker-machine",
                   "share/bash-completion/completions/docker-machine", "share/zsh/site-functions/_docker-machine",
                   "share/fish/vendor_completions.d/docker-machine.fish", "share/doc/docker-machine/README.md",
                   "share/doc/docker-machine/LICENSE",
                   *(f"share/doc/docker-machine/docs/{path.relative_to(docs)}" for path in docs.rglob("*.md")),
                   *(f"share/man/man1/{page}.1.gz" for page in pages)])


def test_installed_files(build_folder, tmp_path):
    run("cmake", "--install", build_folder, "--prefix", "/opt/dm", env={**os.environ, "DESTDIR": str(tmp_path)})
    root = tmp_path / "opt" / "dm"
    found = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    assert found == expected_files()
    plugin = root / "libexec/docker/cli-plugins/docker-machine"
    assert plugin.resolve() == root / "bin/docker-machine"
    assert '"SchemaVersion": "0.1.0"' in run(plugin, "docker-cli-plugin-metadata")


def test_manual_pages_render(build_folder):
    pages = sorted((build_folder / "man1").glob("*.gz"))
    assert len(pages) == len(commands()) + 1
    for page in pages:
        formatted = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, timeout=60, check=True,
                                   env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANPAGER": "cat", "PAGER": "cat"})
        assert formatted.stderr == "", page
        titles = re.findall("^[A-Z].*", formatted.stdout, flags=re.MULTILINE)
        assert titles[0] == "NAME" and "DESCRIPTION" in titles and titles[-1] == "SEE ALSO", page


def test_release_files(release):
    program = release / f"docker-machine-{platform.system()}-{platform.machine()}"
    assert "static" in run("file", program)
    assert "statically linked" in run("ldd", program)
    assert "docker-machine" in run(program, "version")
    assert sorted(path.name for path in release.iterdir()) == sorted(["SHA256SUMS", program.name, next(release.glob("*.deb")).name])
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release)
