"""What a test of templates can ask for. README.md says how to use it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "hosts"))  # cli.py: where the program is

import cli  # noqa: E402

LIMIT = 240  # seconds
ADDRESS = ("address", b"")


class Renderer:
    """A program that renders many templates in one go."""

    def __init__(self, *argv):
        self.argv = [str(word) for word in argv]

    def __call__(self, pairs):
        """A result for each (data, template): ("output", bytes), ("error", bytes) or ADDRESS."""
        lines = "".join(json.dumps({"data": data, "text": text}) + "\n" for data, text in pairs)
        done = subprocess.run(self.argv, input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, check=False)
        answers = done.stdout.decode().splitlines()
        if done.returncode != 0 or len(answers) != len(pairs):
            at = pairs[len(answers)] if len(answers) < len(pairs) else None
            pytest.fail(f"{self.argv} ended with {done.returncode} at {at}:\n{done.stderr.decode()}", pytrace=False)
        return [self.result(json.loads(answer)) for answer in answers]

    @staticmethod
    def result(answer):
        (kind, text), = answer.items()
        return ADDRESS if kind == "address" else (kind, bytes.fromhex(text))


@pytest.fixture(scope="session")
def build_folder():
    """The build that is tested: where the binary is."""
    try:
        return cli.binary_path().parent
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def original(build_folder, tmp_path_factory):
    """Go's own text/template. Fails, and does not skip, without Go."""
    if shutil.which("go") is None:
        pytest.fail("There is no Go to compare with. Install the package golang-go.", pytrace=False)
    program = tmp_path_factory.mktemp("go") / "original"
    environment = {**os.environ, "GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "CGO_ENABLED": "0",
                   "GOCACHE": str(build_folder / "go-cache")}
    done = subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / "go", env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
    if done.returncode != 0:
        pytest.fail(f"Go does not build tests/templates/go:\n{done.stdout}", pytrace=False)
    return Renderer(program, HERE / "data.json")


@pytest.fixture(scope="session")
def renderer(build_folder):
    """Our templates."""
    return Renderer(build_folder / "render_templates", HERE / "data.json")


@pytest.fixture(scope="session")
def plain_renderer(build_folder):
    """Our templates, with whole numbers written as inspect writes them."""
    return Renderer(build_folder / "render_templates", HERE / "data.json", "plain")
