"""`modify` and `rename`: what needs no host."""

import fcntl
import json
import time

from store import add_machine, assert_whole, config_of, generic, refusing_url, visible
from test_crash import RARE_CALLS, counted_calls, killed_at


def machine(docker_machine, name="web", **how):
    add_machine(docker_machine.store, name, refusing_url(), generic(1, **how))


def refused(docker_machine, *words):
    result = docker_machine.run(*words)
    assert result.code == 1, str(result)
    return result.err


def test_rename_takes_all_paths_along(docker_machine):
    machine(docker_machine)
    folder = docker_machine.store / "machines" / "web"
    (folder / "known_hosts").write_text("web ssh-ed25519 AAAA\n")
    assert 'Machine "web" is "db" now.' in docker_machine("rename", "web", "db")
    assert_whole(docker_machine.store, ["db"])
    assert "machines/web" not in json.dumps(config_of(docker_machine.store, "db"))
    assert (docker_machine.store / "machines" / "db" / "known_hosts").read_text() == "db ssh-ed25519 AAAA\n"
    assert docker_machine("inspect", "--format", "{{.Driver.MachineName}}", "db") == "db\n"
    assert not list((docker_machine.store / "locks").glob("*web*"))


def test_rename_refuses(docker_machine):
    machine(docker_machine)
    machine(docker_machine, "db")
    assert 'Docker machine "nobody" does not exist.' in refused(docker_machine, "rename", "nobody", "x")
    assert 'Docker machine "db" already exists' in refused(docker_machine, "rename", "web", "db")
    assert 'Docker machine "web" already exists' in refused(docker_machine, "rename", "web", "web")
    assert "Invalid hostname specified." in refused(docker_machine, "rename", "web", "a_b")
    assert "Expected the name of a machine, and its new name" in refused(docker_machine, "rename", "web")
    notes = docker_machine.store / "machines" / "web" / "notes.json"
    notes.write_text('{"Unfinished": true}')
    assert 'The creation of "web" did not finish' in refused(docker_machine, "rename", "web", "x")
    assert visible(docker_machine.store) == ["db", "web"]


def test_rename_waits_for_who_works_on_the_machine(docker_machine):
    machine(docker_machine)
    (docker_machine.store / "locks").mkdir(exist_ok=True)
    with open(docker_machine.store / "locks" / "machine-web.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        late = docker_machine.start("rename", "web", "db")
        try:
            time.sleep(1)
            assert late.alive and visible(docker_machine.store) == ["web"]
            fcntl.flock(lock, fcntl.LOCK_UN)
            result = late.finish(limit=20)
        finally:
            late.abandon()
    assert result.code == 0 and 'Waiting for another docker-machine that is working on "web"' in result.out, str(result)
    assert visible(docker_machine.store) == ["db"]


def test_killed_at_every_step_of_rename(docker_machine, strace, tmp_path):
    """The machine is whole under one of the two names, its host key is known, and the same command goes on."""
    machine(docker_machine, "a")
    known = docker_machine.store / "machines" / "a" / "known_hosts"
    known.write_text("a ssh-ed25519 AAAA\n")
    docker_machine("rename", "a", "b")
    docker_machine("rename", "b", "a")
    counts = counted_calls(strace, docker_machine, ["fsync", *RARE_CALLS], ["rename", "a", "b"], tmp_path)
    docker_machine("rename", "b", "a")
    assert counts["renameat2"] == 1 and counts["fsync"] >= 4, counts
    for call, number in ((call, number) for call in counts for number in range(1, counts[call] + 1)):
        when = f"at {call} number {number}"
        killed_at(strace, docker_machine, call, number, ["rename", "a", "b"])
        [name] = visible(docker_machine.store)
        assert docker_machine("inspect", "--format", "{{.Name}} {{.Driver.MachineName}}", name).split()[1] == name, when
        assert f"{name} ssh-ed25519 AAAA\n" in (docker_machine.store / "machines" / name / "known_hosts").read_text(), when
        done = docker_machine.run("rename", "a", "b")
        notes = docker_machine.store / "machines" / "b" / "notes.json"
        finished = done.code == 1 and "does not exist" in done.err and "RenamedFrom" not in notes.read_text()
        assert done.code == 0 or finished, f"{when}: {done}"
        assert_whole(docker_machine.store, ["b"])
        assert (docker_machine.store / "machines" / "b" / "known_hosts").read_text() == "b ssh-ed25519 AAAA\n", when
        docker_machine("rename", "b", "a")


def test_modify_shows_settings(docker_machine):
    machine(docker_machine, address="127.0.0.2")
    shown = docker_machine("modify", "web")
    rows = {line.split()[0]: line for line in shown.splitlines()}
    assert rows["--generic-ip-address"].split() == ["--generic-ip-address", "after", "SSH", "was", "tried", "127.0.0.2"]
    assert "the engine is restarted" in rows["--engine-label"] and "cannot change" in rows["--engine-version"]
    helped = docker_machine("modify", "web", "--help")
    for flag in ("--engine-label", "--remove-engine-label", "--generic-ssh-user", "--force"):
        assert flag in helped
    assert "--engine-version" not in helped and "--generic" not in docker_machine("modify", "--help")
    assert "--generic-ssh-key" in docker_machine("__complete", "modify", "web", "--gen")


def test_modify_of_an_url(docker_machine):
    docker_machine("create", "--driver", "none", "--url", refusing_url(), "web")
    assert docker_machine("modify", "web", "--url", "tcp://127.0.0.3:1") == '--url: "tcp://127.0.0.1:1" -> "tcp://127.0.0.3:1"\n'
    assert docker_machine("url", "web") == "tcp://127.0.0.3:1\n" and docker_machine("ip", "web") == "127.0.0.3:1\n"
    assert docker_machine("modify", "web", "--url", "tcp://127.0.0.3:1") == '"web" has these settings already.\n'
    assert "engine is looked after by somebody else" in refused(docker_machine, "modify", "web", "--engine-label", "a=b")
    assert "--url option is required" in refused(docker_machine, "modify", "web", "--url", "")
    assert docker_machine("url", "web") == "tcp://127.0.0.3:1\n"


def test_modify_refuses(docker_machine):
    machine(docker_machine)
    before = config_of(docker_machine.store, "web")
    for words, why in [(["--engine-label", "tier"], '--engine-label "tier": give KEY=VALUE'),
                       (["--engine-label", "a=1", "--remove-engine-label", "a"], "are both given for \"a\""),
                       (["--engine-version", "24.0"], "docker-machine upgrade --engine-version"),
                       (["--generic-ssh-port", "70000"], "--generic-ssh-port must be a port between 1 and 65535"),
                       (["--generic-ssh-key", "/no/such/key"], "unable to read the SSH key"),
                       (["--tls-san", "a b"], "is neither a host name nor an address"),
                       (["--engine-label", "a=1"], "start it first"),
                       (["--generic-ssh-user", "x"], "Nothing was changed, since SSH does not work with that"),
                       (["--qemu-memory", "1"], "flag provided but not defined")]:
        assert why in refused(docker_machine, "modify", "web", *words), words
    assert config_of(docker_machine.store, "web") == before
    assert "does not exist" in refused(docker_machine, "modify", "nobody", "--engine-label", "a=1")
    # Variables of the environment are for new machines.
    assert "SETTING" in docker_machine("modify", "web", environment={"GENERIC_SSH_USER": "x", "ENGINE_REGISTRY_MIRROR": "y"})
    # Without the engine nothing has to be asked for what the engine does not know.
    docker_machine("modify", "web", "--engine-install-url", "none")
    assert config_of(docker_machine.store, "web")["HostOptions"]["EngineOptions"]["InstallURL"] == "none"
