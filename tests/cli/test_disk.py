"""A full disk and one that cannot be written to: clear errors, nothing lost, and reading goes on."""

import json
import shutil
import subprocess

import pytest

from store import (RECORDINGS, UNFINISHED, add_machine, assert_certificates, assert_whole, config_file, recorded, refusing_url, rows_of,
                   use_recorded_store, visible)

PAGE = 4096
CREATE = ["create", "-d", "none", "--url", refusing_url()]
FULL = "no space left on device"


def fill(folder, pages_left):
    """Leaves room for so many pages; gives the file that takes up all else."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PAGE))
        except OSError:
            pass
        file.truncate(max(0, file.tell() // PAGE - pages_left) * PAGE)
    return filler


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def full(docker_machine, make_disk):
    """The program on a small disk with the certificates, a machine "old", and a function that fills it."""
    disk = make_disk("128k")
    store = disk / "store"
    store.mkdir(mode=0o700)
    shutil.copytree(docker_machine.store / "certs", store / "certs")
    add_machine(store, "old", refusing_url())
    docker_machine.environment["MACHINE_STORAGE_PATH"] = str(store)
    return docker_machine, store, lambda pages_left: fill(disk, pages_left)


@pytest.mark.parametrize("pages_left", range(4))
def test_create_on_a_full_disk(full, pages_left):
    docker_machine, store, fill_disk = full
    before = contents(store)
    filler = fill_disk(pages_left)
    result = docker_machine.run(*CREATE, "new")
    if result.code == 0:
        assert pages_left >= 2, "where did config.json go?"
        assert_whole(store, ["new", "old"])
    else:
        assert result.code == 1 and FULL in result.err and "Unexpected" not in result.err, str(result)
        assert {entry.name for entry in (store / "machines").iterdir()} == set(visible(store)), "what was begun takes up no room"
        if visible(store) != ["old"]:
            assert_whole(store, ["new", "old"])
            assert rows_of(docker_machine("ls"))["new"]["ERRORS"].startswith(UNFINISHED)
    assert {path: content for path, content in contents(store).items() if path in before} == before
    listed = docker_machine.run("ls")
    assert listed.code == 0 and rows_of(listed.out)["old"]["STATE"] == "Running"
    assert docker_machine("url", "old") == refusing_url() + "\n"
    removed = docker_machine.run("rm", "-y", "old")
    assert removed.code == 0 and "Successfully removed old\n" in removed.out, "what makes room must work"
    filler.unlink()
    if "new" in visible(store):
        docker_machine("rm", "-y", "new")
    docker_machine(*CREATE, "new")
    assert_whole(store, ["new"])


def test_first_create_on_a_full_disk(bare, make_disk):
    """However far the making of the certificates gets, there is one clear error, and the next create works."""
    outcomes = []
    for pages_left in (0, 1, 2, 3, 4, 5):
        disk = make_disk("64k")
        store = disk / "store"
        filler = fill(disk, pages_left)
        result = bare.run("-s", store, *CREATE, "a")
        outcomes.append(result.code)
        if result.code != 0:
            assert result.code == 1 and FULL in result.err and "Unexpected" not in result.err, str(result)
            assert visible(store) == []
        filler.unlink()
        if "a" not in visible(store):
            again = bare.run("-s", store, *CREATE, "a")
            assert again.code == 0, f"with {pages_left} pages first: {result}\n{again}"
        assert_whole(store, ["a"])
        assert_certificates(store)
        assert sorted(entry.name for entry in (store / "certs").iterdir()) == ["ca-key.pem", "ca.pem", "cert.pem", "key.pem"]
    assert outcomes[:4] == [1] * 4


def test_saving_on_a_full_disk_keeps_the_old_file(full):
    """`env` saves what the driver says when nobody answers; the file is written anew here because it is laid out otherwise."""
    docker_machine, store, fill_disk = full
    file = config_file(store, "old")
    file.write_text(json.dumps(json.loads(file.read_text())))
    before = file.read_bytes()
    filler = fill_disk(0)
    result = docker_machine.run("env", "old")
    assert result.code == 1 and "connection refused" in result.err
    assert file.read_bytes() == before
    assert [entry.name for entry in file.parent.iterdir()] == ["config.json"], "no temporary file stays"
    filler.unlink()
    assert docker_machine.run("env", "old").code == 1
    assert json.loads(file.read_text()) == json.loads(before)
    assert file.read_bytes() != before, "this command does save, so the test above means something"


def test_read_only_store(bare, make_disk):
    disk = make_disk("1m")
    use_recorded_store(disk)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    bare.environment["MACHINE_STORAGE_PATH"] = str(disk)
    assert bare("ls", "-q") == "gen-1\nweb-1\n"
    assert sorted(rows_of(bare("ls", "-t", "1"))) == ["gen-1", "web-1"]
    for command, expected in ((["inspect", "gen-1"], recorded("inspect-generic.json", disk)),
                              (["url", "gen-1"], "tcp://192.0.2.10:2376\n"), (["ip", "gen-1"], "192.0.2.10\n"),
                              (["status", "web-1"], "Running\n"),
                              (["inspect", "-f", "{{.DriverName}}", "web-1"], "none\n")):
        result = bare.run(*command)
        assert (result.code, result.out, result.err) == (0, expected, ""), str(result)
    assert contents(disk) == contents(RECORDINGS / "store-v3")


def test_unfinished_machine_in_a_read_only_store(docker_machine, make_disk):
    """Whether somebody is still at work on it cannot be tried with a lock that must be written to."""
    disk = make_disk("1m")
    (add_machine(disk, "stuck", refusing_url()).parent / "notes.json").write_text('{"Unfinished": true}')
    (disk / "locks").mkdir(mode=0o700)
    for kind in ("machine", "write"):
        (disk / "locks" / f"{kind}-stuck.lock").touch(0o600)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    rows = rows_of(docker_machine("-s", disk, "ls"))
    assert rows["stuck"]["STATE"] == "Error" and rows["stuck"]["ERRORS"].startswith(UNFINISHED)


def test_changing_a_read_only_store(docker_machine, make_disk, make_engine):
    disk = make_disk("1m")
    shutil.copytree(docker_machine.store / "certs", disk / "certs")
    engine = make_engine(disk)
    add_machine(disk, "on", engine.url)
    add_machine(disk, "off", refusing_url())
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    docker_machine.environment["MACHINE_STORAGE_PATH"] = str(disk)
    assert f'export DOCKER_HOST="{engine.url}"' in docker_machine("env", "on")
    assert f"-H={engine.url}\n" in docker_machine("config", "on")
    refused = docker_machine.run("env", "off")
    assert refused.code == 1 and "connect: connection refused" in refused.err
    before = contents(disk)
    for command in (["rm", "-y", "on"], [*CREATE, "new"]):
        result = docker_machine.run(*command)
        assert result.code == 1 and "read-only file system" in result.err and "Unexpected" not in result.err, str(result)
    forced = docker_machine.run("rm", "-f", "on")
    assert forced.code == 0 and "Successfully removed" not in forced.out and "read-only file system" in forced.err
    assert contents(disk) == before
