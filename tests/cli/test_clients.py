"""Programs that drive docker-machine, replayed: their command lines, their environment, and how they read the answers.

What needs a real host is in tests/hosts; here the engine's end is a server with the store's certificates.
"""

import json
import os
import re
import ssl
import stat
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import add_machine, config_file, generic, refusing_url

QUIET = "--bugsnag-api-token=no-report"


def machines_on_disk(store):
    """As GitLab Runner lists them: every folder that does not start with a dot."""
    return sorted(entry.name for entry in os.scandir(store / "machines") if entry.is_dir() and not entry.name.startswith("."))


def foreign(store, name):
    """A machine whose provider refuses everything: its driver is not installed."""
    file = config_file(store, name)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"ConfigVersion": 3, "Driver": {"MachineName": name}, "DriverName": "hetzner", "Name": name,
                                "HostOptions": {"AuthOptions": {"StorePath": str(file.parent)}}}))
    return file


class TestGitLabRunner:
    NAME = "runner-t1q2w3e4-autoscale-1763990000-0a1b2c3d"

    def create(self, docker_machine, name, url):
        return docker_machine.run(QUIET, "create", "--driver", "none", f"--url={url}", "--engine-registry-mirror=https://m.example",
                                  name)

    def test_a_machines_life(self, docker_machine, make_engine):
        engine = make_engine(docker_machine.store)
        made = self.create(docker_machine, self.NAME, engine.url)
        assert (made.code, made.err) == (0, "")  # each line there is logged as an error
        assert machines_on_disk(docker_machine.store) == [self.NAME]
        assert stat.S_ISREG(config_file(docker_machine.store, self.NAME).stat().st_mode)
        assert docker_machine.run(QUIET, "inspect", self.NAME).code == 0
        assert docker_machine.run(QUIET, "config", self.NAME).code == 0
        assert docker_machine(QUIET, "url", self.NAME).strip() == engine.url
        folder = docker_machine(QUIET, "inspect", self.NAME, "-f", "{{.HostOptions.AuthOptions.StorePath}}").strip()
        assert folder == str(docker_machine.store / "machines" / self.NAME)
        removed = docker_machine.run(QUIET, "rm", "-y", self.NAME)
        assert (removed.code, removed.err) == (0, "") and machines_on_disk(docker_machine.store) == []
        assert docker_machine.run(QUIET, "inspect", self.NAME).code == 1

    def test_a_dead_machine_fails_its_check(self, docker_machine):
        add_machine(docker_machine.store, self.NAME, refusing_url())
        assert docker_machine.run(QUIET, "config", self.NAME, limit=30).code == 1

    def test_what_the_provider_keeps_stays_until_forced(self, docker_machine):
        file = foreign(docker_machine.store, self.NAME)
        for _ in range(2):
            assert docker_machine.run(QUIET, "rm", "-y", self.NAME).code == 1
            assert file.exists() and machines_on_disk(docker_machine.store) == [self.NAME]
        assert docker_machine.run(QUIET, "rm", "-f", self.NAME).code == 0
        assert machines_on_disk(docker_machine.store) == []
        assert docker_machine.run(QUIET, "rm", "-f", self.NAME).code == 0

    def test_what_is_left_of_a_failed_creation_can_be_read(self, docker_machine, tmp_path):
        """It looks into config.json for the driver's name, and then takes the machine away."""
        key = tmp_path / "id"
        key.write_text("no key at all")
        running = docker_machine.start(QUIET, "create", "--driver", "generic", "--generic-ip-address=127.0.0.1",
                                       "--generic-ssh-port=1", f"--generic-ssh-key={key}", self.NAME)
        try:
            while not (file := config_file(docker_machine.store, self.NAME)).exists():
                assert running.alive
            running.signal(9)
        finally:
            running.abandon()
        assert json.loads(file.read_text())["DriverName"] == "generic"
        assert docker_machine.run(QUIET, "inspect", self.NAME).code == 0
        assert docker_machine.run(QUIET, "config", self.NAME, limit=30).code == 1
        assert docker_machine.run(QUIET, "rm", "-y", self.NAME).code == 0
        assert machines_on_disk(docker_machine.store) == []

    def test_options_are_given_with_their_values(self, docker_machine):
        """Each as one word with "=", also empty, also for booleans, and the last one counts."""
        made = docker_machine.run(QUIET, "create", "--driver", "none", "--url=", f"--url={refusing_url()}", "--swarm=false",
                                  "--engine-storage-driver=", "--engine-opt=a=b=c", self.NAME)
        assert (made.code, made.err) == (0, "")
        shown = docker_machine(QUIET, "inspect", self.NAME, "-f", "{{.HostOptions.EngineOptions.ArbitraryFlags}}"
                               "{{.HostOptions.SwarmOptions.IsSwarm}} {{.Driver.URL}}")
        assert shown == f"[a=b=c]false {refusing_url()}\n"

    def test_its_token_may_come_from_the_environment(self, docker_machine):
        docker_machine.environment["MACHINE_BUGSNAG_API_TOKEN"] = "no-report"
        add_machine(docker_machine.store, self.NAME, refusing_url())
        for words in (["inspect", self.NAME], ["url", self.NAME], ["ip", self.NAME], ["status", self.NAME]):
            assert docker_machine.run(*words).code == 0

    def test_fifty_at_once_on_an_empty_store(self, bare):
        names = [f"runner-abc-x-{number}-{number:08x}" for number in range(50)]
        with ThreadPoolExecutor(50) as pool:
            done = list(pool.map(lambda name: self.create(bare, name, refusing_url()), names))
        assert [result.code for result in done] == [0] * 50, [str(result) for result in done if result.code]
        assert sum(result.out.count("Creating CA: ") for result in done) == 1
        assert machines_on_disk(bare.store) == sorted(names)
        assert sorted(bare("ls", "-q").split()) == sorted(names)
        assert {json.loads(bare("inspect", name))["Name"] for name in names[:5]} == set(names[:5])

    def test_words_of_its_users(self, docker_machine):
        for name in ("a", "b"):
            add_machine(docker_machine.store, name, refusing_url())
        assert docker_machine("ls", "-q", "--filter", "state=Error", "--format", "{{.NAME}}") == ""
        assert docker_machine("ls", environment={"MACHINE_DEBUG": "true"}).startswith("NAME ")
        names = docker_machine("ls", "-q").split()
        assert docker_machine("rm", *names, input="y\n").endswith("Successfully removed a\nSuccessfully removed b\n")


def test_terraforms_first_steps(bare):
    """The first machine is there to make the authority, before many are made at once."""
    environment = {"USER": "root"}
    assert bare.run("--version", environment=environment).out.startswith("docker-machine version ")
    bare("create", "--driver", "none", "--url", "localhost", "dummy-machine", environment=environment)
    assert (bare.store / "certs" / "ca.pem").exists()
    bare("rm", "-y", "dummy-machine", environment=environment)
    assert (bare.store / "certs" / "ca.pem").exists() and bare("ls", "-q") == ""


def test_the_operator_of_kluster_api(docker_machine):
    add_machine(docker_machine.store, "worker", refusing_url())
    again = docker_machine.run("create", "--driver", "none", "--url", refusing_url(), "worker")
    assert again.code == 1 and "already exists" in again.err
    docker_machine("rm", "worker", "-y")
    assert docker_machine("ls", "-q") == ""


def test_the_operator_fetches_its_results(docker_machine, make_sshd, tmp_path):
    sshd = make_sshd()
    add_machine(docker_machine.store, "worker", refusing_url(), generic(sshd.port, user="nobody", key=sshd.key))
    (tmp_path / "result.txt").write_text("done")
    (tmp_path / "here").mkdir()
    docker_machine("scp", f"{sshd.user}@worker:{tmp_path}/result.txt", tmp_path / "here")
    assert (tmp_path / "here" / "result.txt").read_text() == "done"


def test_ansibles_inventory(docker_machine, make_engine):
    """community.docker.docker_machine, line by line; the plugin itself runs in tests/hosts if it is installed."""
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "up", engine.url)
    add_machine(docker_machine.store, "down", refusing_url())
    assert docker_machine("ls", "-q").splitlines() == ["down", "up"]
    assert docker_machine("ls", "-q", "--filter", "state=Running").splitlines() == ["down", "up"]  # the driver knows no better
    node = json.loads(docker_machine("inspect", "up"))
    assert node["DriverName"] == "none" and node["Driver"]["MachineName"] == "up" and node["Driver"]["SSHPort"] == 0
    lines = docker_machine("env", "--shell=sh", "up").strip().splitlines()
    found = dict(match.groups() for line in lines if (match := re.search('(DOCKER_[^=]+)="([^"]+)"', line)))
    assert found["DOCKER_HOST"] == engine.url and found["DOCKER_TLS_VERIFY"] == "1"
    assert docker_machine.run("env", "--shell=sh", "down").code == 1
    assert docker_machine("ip", "up").strip() == engine.url.removeprefix("tcp://")


def test_the_maven_plugin(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    assert docker_machine.run("status", "dev").code == 1
    docker_machine("create", "--driver", "none", "--url", engine.url, "dev")
    assert docker_machine("status", "dev").splitlines() == ["Running"]
    again = docker_machine.run("start", "dev")
    assert again.code == 1 and again.err == 'Machine "dev" is already running.\n'
    read = {}
    for line in docker_machine("env", "dev", "--shell", "cmd").splitlines():
        if line.startswith("SET "):
            name, value = line[4:].split("=", 1)
            read[name] = value
    assert read == {"DOCKER_TLS_VERIFY": "1", "DOCKER_HOST": engine.url, "DOCKER_MACHINE_NAME": "dev",
                    "DOCKER_CERT_PATH": str(docker_machine.store / "machines" / "dev")}


def test_testcontainers(docker_machine, make_engine):
    """It takes the first name, and the certificates of the store's own folder."""
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "default", engine.url)
    name = docker_machine("ls", "-q").splitlines()[0]
    assert docker_machine("status", name).strip().lower() == "running"
    url = docker_machine("url", name).strip()
    certs = docker_machine.store / "certs"
    context = ssl.create_default_context(cafile=certs / "ca.pem")
    context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    with urllib.request.urlopen(url.replace("tcp", "https") + "/version", context=context, timeout=20) as answer:
        assert "Version" in json.load(answer)


@pytest.mark.parametrize("name", ["node-1", "webodm-node-0123456789abcdef"])
def test_clusterodm(docker_machine, make_sshd, name):
    assert docker_machine.run("--help").code == 0
    sshd = make_sshd()
    add_machine(docker_machine.store, "by-ssh", refusing_url(), generic(sshd.port, user=sshd.user, key=sshd.key))
    told = docker_machine.run("ssh", "by-ssh", "echo one; echo two >&2")
    assert told.code == 0 and (told.out + told.err).split() == ["one", "two"]
    assert docker_machine.run("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", name).code == 0
    shown = docker_machine.run("inspect", name)
    assert json.loads(shown.out + shown.err)["Driver"]["IPAddress"] == "192.0.2.1:2376"
    for words in (["rm", "-y", name], ["rm", "-y", "-f", name]):
        assert docker_machine.run(*words).code == 0
    assert not (docker_machine.store / "machines" / name).exists()
