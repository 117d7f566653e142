"""Tests of the benchmark itself: that it runs, and that what it counts is right. Nothing here depends on time.

    /usr/bin/python3 -m pytest bench
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

import lab  # noqa: E402
import measure  # noqa: E402

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("DM_BINARY") or str(HERE.parent / "build" / "release" / "docker-machine")
MIB = 1 << 20
#: Fills so many MiB; then waits for its children, each of which runs the program given.
HUNGRY = "import subprocess, sys; x = b'x' * (int(sys.argv[1]) << 20); " \
         "[c.wait() for c in [subprocess.Popen(sys.argv[3:]) for _ in range(int(sys.argv[2]))]]"


def footprint(tmp_path, *argv):
    return measure.footprint(list(argv), {"PATH": "/usr/bin:/bin"}, tmp_path)[0]


def hungry(mib, children=0, *argv):
    return ["/usr/bin/python3", "-c", HUNGRY, str(mib), str(children), *argv]


@pytest.fixture
def here():
    with lab.Lab() as made:
        yield made


def answer(address):
    """What a connection to address:port comes to: an error's name, timeout, or made."""
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=0.5).close()
        return "made"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return type(error).__name__


def test_it_runs(tmp_path):
    file = tmp_path / "figures.json"
    made = subprocess.run([str(HERE / "run"), "--ours", BINARY, "--other", BINARY, "--only", "version", "--repeat", "1",
                           "--json", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "ours/other" in made.stdout
    figures = json.loads(file.read_text("utf-8"))["cases"]["version"]
    assert figures["ours"]["processes"] == figures["other"]["processes"] == 1
    assert len(figures["ours"]["seconds"]) == 1


def test_calls_of_an_api_are_counted(tmp_path):
    """200 droplets are one page, and 500 are three."""
    file = tmp_path / "figures.json"
    made = subprocess.run([str(HERE / "run"), "--ours", BINARY, "--only", "ls-500-digitalocean", "--repeat", "1", "--json", str(file)],
                          capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert json.loads(file.read_text("utf-8"))["cases"]["ls-500-digitalocean"]["ours"]["api_calls"] == 3


def test_a_program_that_fails_is_no_figure(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text('#!/bin/sh\n[ "$1" = version ] && exec echo docker-machine version 0\necho no >&2; exit 3\n')
    broken.chmod(0o755)
    made = subprocess.run([str(HERE / "run"), "--ours", BINARY, "--other", str(broken), "--only", "url", "--repeat", "1"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 1
    assert "ended with 3" in made.stderr and "failed" in made.stdout


def test_the_tracer_sees_one_process_and_its_peak(tmp_path):
    small, large = footprint(tmp_path, *hungry(0)), footprint(tmp_path, *hungry(64))
    assert small.processes == large.processes == 1
    assert 60 * MIB < large.peak_memory - small.peak_memory < 70 * MIB


def test_processes_that_live_together_are_added_up(tmp_path):
    alone = footprint(tmp_path, *hungry(64))
    together = footprint(tmp_path, *hungry(1, 3, *hungry(64)))
    assert together.processes == 4
    assert together.peak_memory > 2 * alone.peak_memory


def test_processes_one_after_the_other_are_not_added_up(tmp_path):
    alone = footprint(tmp_path, *hungry(64))
    program = " ; ".join(["'" + "' '".join(part.replace("'", "'\\''") for part in hungry(64)) + "'"] * 3)
    found = footprint(tmp_path, "/bin/sh", "-c", program + " ; true")
    assert found.processes == 4
    assert found.peak_memory < 1.5 * alone.peak_memory


def test_short_processes_are_not_missed(tmp_path):
    found = footprint(tmp_path, "/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done")
    assert found.processes == 11
    assert found.programs["true"] == 10


def test_the_exit_code_passes_through_the_tracer(tmp_path):
    with pytest.raises(measure.Failed, match="ended with 7"):
        footprint(tmp_path, "/bin/sh", "-c", "exit 7")
    with pytest.raises(measure.Failed, match="ended with -15"):
        footprint(tmp_path, "/bin/sh", "-c", "kill -TERM $$")


def test_addresses_refuse_or_are_silent(here):
    assert {answer(here.refused(number)) for number in (0, 1, 499)} == {"ConnectionRefusedError"}
    assert {answer(here.silent(number)) for number in (0, 1, 499)} == {"timeout"}


def test_a_store_has_so_many_machines_each_with_its_own_address(here, tmp_path):
    program = here.program("ours", Path(BINARY).resolve())
    store = here.store_of(program, 20, "refused")
    out = measure.timed([program.argv0, "ls", "--format", "{{.Name}} {{.URL}}"], program.environment(store), tmp_path)[1]
    assert sorted(out.splitlines()) == sorted(f"m{number} tcp://{here.refused(number)}" for number in range(20))
