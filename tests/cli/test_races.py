"""Many processes on one store, from its first second."""

import json
import time

import pytest

import cli
from store import (UNFINISHED, add_machine, assert_certificates, assert_whole, config_of, openssl, refusing_url, rows_of, visible)

LIMIT = 60


def create(docker_machine, name, url=None):
    return docker_machine.start("create", "-d", "none", "--url", url or refusing_url(), name)


def finish_all(running):
    try:
        return [one.finish(limit=LIMIT) for one in running]
    finally:
        for one in running:
            one.abandon()


def test_fifty_creates_on_an_empty_store(bare):
    names = [f"m{i:02}" for i in range(50)]
    results = finish_all([create(bare, name) for name in names])
    assert [str(result) for result in results if result.code != 0 or result.err] == []
    assert_whole(bare.store, names)
    machines = bare.store / "machines"
    assert sorted(entry.name for entry in machines.iterdir()) == names, "nothing else lies among the machines"
    for name in names:
        assert sorted(entry.name for entry in (machines / name).iterdir()) == ["config.json", "notes.json"]
        assert json.loads((machines / name / "notes.json").read_text())["Unfinished"] is False

    certs = bare.store / "certs"
    assert sorted(entry.name for entry in certs.iterdir()) == ["ca-key.pem", "ca.pem", "cert.pem", "key.pem"]
    assert_certificates(bare.store)
    said = [line for result in results for line in result.out.splitlines() if line.startswith("Creating C")]
    assert said == [f"Creating CA: {certs}/ca.pem"], "one of them made the authority, and no other"
    client = [line for result in results for line in result.out.splitlines() if line.startswith("Creating client")]
    assert client == [f"Creating client certificate: {certs}/cert.pem"]
    assert {config_of(bare.store, name)["HostOptions"]["AuthOptions"]["CaCertPath"] for name in names} == {f"{certs}/ca.pem"}


def test_one_name_for_eight(docker_machine):
    for attempt in range(4):
        urls = [f"tcp://127.0.0.{i + 1}:1" for i in range(8)]
        results = finish_all([create(docker_machine, "same", url) for url in urls])
        winners = [url for url, result in zip(urls, results) if result.code == 0]
        assert len(winners) == 1, [str(result) for result in results]
        assert config_of(docker_machine.store, "same")["Driver"]["URL"] == winners[0]
        for result in results:
            if result.code != 0:
                assert (result.code, result.err.splitlines()[-1]) == (1, 'Docker machine "same" already exists'), str(result)
        assert [entry.name for entry in (docker_machine.store / "machines").iterdir()] == ["same"]
        assert "Successfully removed same" in docker_machine("rm", "-y", "same"), f"attempt {attempt}"


def test_ls_while_machines_come_and_go(docker_machine):
    """Never an error, never half a machine; who was there all the time is always shown."""
    add_machine(docker_machine.store, "always", refusing_url())
    coming = [create(docker_machine, f"new-{i:02}") for i in range(30)]
    looks = 0
    try:
        while any(one.alive for one in coming) or looks < 5:
            listed = docker_machine.run("ls")
            assert listed.code == 0 and listed.err == "", str(listed)
            rows = rows_of(listed.out)
            assert "always" in rows
            for name, row in rows.items():
                assert (row["DRIVER"], row["STATE"], row["URL"]) == ("none", "Running", refusing_url()), f"{name}: {row}"
            quiet = docker_machine("ls", "-q").split()
            assert "always" in quiet and set(rows) <= set(quiet)
            looks += 1
        assert [one.finish(limit=LIMIT).code for one in coming] == [0] * 30
    finally:
        for one in coming:
            one.abandon()
    assert UNFINISHED not in docker_machine("ls")

    going = [docker_machine.start("rm", "-y", f"new-{i:02}") for i in range(30)]
    try:
        while any(one.alive for one in going):
            listed = docker_machine.run("ls")
            assert listed.code == 0 and listed.err == "", str(listed)
            for name, row in rows_of(listed.out).items():
                assert (row["DRIVER"], row["STATE"]) == ("none", "Running"), f"{name}: {row}"
        assert [one.finish(limit=LIMIT).code for one in going] == [0] * 30
    finally:
        for one in going:
            one.abandon()
    assert visible(docker_machine.store) == ["always"]
    assert [entry.name for entry in (docker_machine.store / "machines").iterdir()] == ["always"]


def test_removing_and_creating_the_same_name(docker_machine):
    """Whoever wins each time, there is a whole machine or none, and nobody fails for another reason."""
    create(docker_machine, "a").finish()
    running = []
    until = time.monotonic() + 2
    while time.monotonic() < until:
        running = [create(docker_machine, "a") if i % 2 else docker_machine.start("rm", "-y", "a") for i in range(6)]
        for result in finish_all(running):
            if result.code != 0:
                assert "already exists" in result.err or "does not exist" in result.err, str(result)
        assert visible(docker_machine.store) in ([], ["a"])
        assert_whole(docker_machine.store, visible(docker_machine.store))
    assert running
    assert all(not entry.name.startswith(".") for entry in (docker_machine.store / "machines").iterdir())


def test_new_client_certificate_for_all_at_once(docker_machine):
    """The certificate was lost with its key: ten creates agree on one new pair under the old authority."""
    certs = docker_machine.store / "certs"
    authority = (certs / "ca.pem").read_bytes()
    (certs / "cert.pem").unlink()
    (certs / "key.pem").unlink()
    results = finish_all([create(docker_machine, f"m{i}") for i in range(10)])
    assert [result.code for result in results] == [0] * 10
    assert sum("Creating client certificate" in result.out for result in results) == 1
    assert (certs / "ca.pem").read_bytes() == authority
    assert_certificates(docker_machine.store)
    assert "unknown" in openssl("x509", "-noout", "-subject", "-in", certs / "cert.pem")


@pytest.mark.parametrize("words", [["rm", "-y", "a"], ["status", "a"], ["inspect", "a"], ["url", "a"], ["ls"]])
def test_machine_that_goes_while_it_is_read(docker_machine, strace, words):
    """The command is held up between seeing the machine and opening its file; then the machine does not exist, and that is all."""
    file = add_machine(docker_machine.store, "a", refusing_url())
    add_machine(docker_machine.store, "b", refusing_url())
    slowed = cli.DockerMachine(strace, docker_machine.home)
    running = slowed.start("-f", "-qq", "-o", "/dev/null", "-P", file, "-e", "trace=openat", "-e",
                           "inject=openat:delay_enter=700000:when=1", docker_machine.binary, *words)
    try:
        time.sleep(0.35)
        assert running.alive, "it is held up"
        docker_machine("rm", "-y", "a")
        result = running.finish(limit=10)
    finally:
        running.abandon()
    if words == ["ls"]:
        assert result.code == 0 and list(rows_of(result.out)) == ["b"], str(result)
    else:
        assert result.code == 1 and 'Docker machine "a" does not exist.' in result.err, str(result)
    assert visible(docker_machine.store) == ["b"]


def test_names_that_look_like_what_is_hidden(docker_machine, strace):
    """Making and removing "a" sweeps up after crashed creates of "a", and must not take "a.newer" for one, which is being made."""
    for name in ("a.newer", "a.new01234567", "a.gone"):
        slowed = cli.DockerMachine(strace, docker_machine.home)
        running = slowed.start("-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
                               "inject=renameat2:delay_enter=700000:when=1", docker_machine.binary, "create", "-d", "none", "--url",
                               refusing_url(), name)
        try:
            time.sleep(0.35)
            assert running.alive, "it is held up before its folder gets its name"
            create(docker_machine, "a").finish()
            docker_machine("rm", "-y", "a")
            result = running.finish(limit=10)
        finally:
            running.abandon()
        assert result.code == 0, str(result)
    assert_whole(docker_machine.store, ["a.newer", "a.new01234567", "a.gone"])
