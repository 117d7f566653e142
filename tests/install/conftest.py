"""What a test of the installation can ask for. README.md says how to use it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hosts"))

import cli  # noqa: E402

# The fixtures of real hosts.
from conftest_of_hosts import *  # noqa: E402, F401, F403


def run(*argv, **more):
    """Runs a program that must succeed; its standard output and errors together."""
    done = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=more.pop("timeout", 300), check=False, **more)
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def build_folder():
    """The build that is tested: where the binary is."""
    return cli.binary_path().parent


@pytest.fixture(scope="session")
def release():
    """build/dist with the release's files, made anew from the build."""
    run(cli.REPOSITORY / "scripts" / "package", "--no-build", cwd=cli.REPOSITORY)
    return cli.REPOSITORY / "build" / "dist"


@pytest.fixture
def needs_root():
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: other roots need root, for chroot")
