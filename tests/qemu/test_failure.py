"""Creations that go wrong: what is said, and that nothing stays behind. These machines are never waited for."""

import re
import signal
import time

import pytest
from virtual_machine import processes_of


def test_ctrl_c_leaves_a_machine_that_rm_removes(docker_machine, image, new_machine):
    machine = new_machine("interrupted")
    with docker_machine.terminal("create", "--qemu-image", image, "interrupted") as terminal:
        number = machine.wait_for_process()
        # So early nobody has talked to the machine: its host key is known by birth.
        assert re.fullmatch(r"interrupted ecdsa-sha2-nistp256 \S+\n", (machine.folder / "known_hosts").read_text())
        terminal.expect("Waiting for SSH")
        began = time.monotonic()
        terminal.send("\x03")
        assert terminal.finish(30) == 130, terminal.shown
        assert time.monotonic() - began < 15
    uuid = machine.uuid
    assert machine.processes() in ([], [number])  # it may run on: rm ends it
    assert re.search(r"^interrupted .*Creation did not finish", docker_machine("ls", "--timeout", "5"), re.MULTILINE)
    docker_machine("rm", "-y", "interrupted")
    assert processes_of(uuid) == []
    assert not machine.folder.exists() and machine.reservations == []
    assert "interrupted" not in docker_machine("ls", "-q").split()


def test_a_wrong_image_is_told_before_anything_is_made(docker_machine, new_machine):
    machine = new_machine("pictureless")
    result = docker_machine.run("create", "--qemu-image", "/nowhere/image.qcow2", "pictureless")
    assert result.code == 3
    assert "/nowhere/image.qcow2" in result.err and "does not exist" in result.err
    assert not machine.folder.exists() and machine.reservations == []
    assert "pictureless" not in docker_machine("ls", "-q").split()


def test_a_missing_qemu_is_told_with_its_package(docker_machine, image, new_machine):
    machine = new_machine("bare")
    result = docker_machine.run("create", "--qemu-image", image, "--qemu-program", "qemu-system-nowhere", "bare")
    assert result.code == 3
    assert "qemu-system-nowhere" in result.err and "apt-get install qemu-system-x86 qemu-utils" in result.err
    assert not machine.folder.exists()


@pytest.mark.parametrize("options, words", [
    (["--qemu-disk-size", "100"], "a disk of 100 MB is too small for the image, which needs"),
    (["--qemu-memory", "9000000"], "qemu does not start"),
])
def test_a_machine_that_cannot_be_made_can_be_removed(docker_machine, image, new_machine, options, words):
    machine = new_machine("hopeless")
    result = docker_machine.run("create", "--qemu-image", image, *options, "hopeless")
    assert result.code == 1
    assert words in result.err, result
    uuid = machine.uuid
    assert processes_of(uuid) == []
    assert re.search(r"^hopeless .*Creation did not finish", docker_machine("ls"), re.MULTILINE)
    started = docker_machine.run("start", "hopeless")
    assert started.code == 1 and started.err
    docker_machine("rm", "-y", "hopeless")
    assert not machine.folder.exists() and machine.reservations == []


def test_a_number_that_makes_no_machine_is_refused(docker_machine, new_machine):
    machine = new_machine("odd")
    for options, words in ((["--qemu-memory", "8"], "64 MB"), (["--qemu-open-port", "2376"], "open already"),
                           (["--qemu-open-port", "70000"], "is no port"), (["--qemu-accel", "magic"], "magic")):
        result = docker_machine.run("create", *options, "odd")
        assert result.code != 0 and words in result.err, result
    assert not machine.folder.exists()


def test_a_second_signal_ends_at_once(docker_machine, image, new_machine):
    machine = new_machine("impatient")
    running = docker_machine.start("create", "--qemu-image", image, "impatient")
    try:
        machine.wait_for_process()
        uuid = machine.uuid
        running.signal(signal.SIGINT)
        if running.alive:
            running.signal(signal.SIGINT)
        assert running.finish(limit=5).code == 130
    finally:
        running.abandon()
    docker_machine("rm", "-y", "impatient")
    assert processes_of(uuid) == [] and not machine.folder.exists() and machine.reservations == []
