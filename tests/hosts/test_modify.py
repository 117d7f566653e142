"""Machines that get other settings, another address and another name: real engines with containers that run on."""

import json

from host import make_key
from test_certificates import engine_process, has_live_restore, names_in, process_of, run_container, shown_certificate
from test_contexts import client, name_at  # noqa: F401
from test_generic import create, docker

LIMIT = 180
UNIT = "/etc/systemd/system/docker.service.d/10-machine.conf"


def config(docker_machine, name):
    return (docker_machine.store / "machines" / name / "config.json").read_text()


def labels(docker_machine, name):
    shown = docker(docker_machine, name, "info", "--format", "{{json .Labels}}")
    assert shown.returncode == 0, shown.stderr
    return sorted(json.loads(shown.stdout))


def refused(docker_machine, *words):
    result = docker_machine.run("modify", *words, limit=LIMIT)
    assert result.code == 1, str(result)
    return result.err


def test_the_engine_gets_other_options_and_containers_run_on(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev", "--engine-label", "tier=test", "--engine-label", "old=1", "--engine-opt",
           "log-level=warn", "--engine-opt", "dns=192.0.2.1")
    web = run_container(docker_host)
    changed = docker_machine("modify", "dev", "--engine-label", "tier=prod", "--engine-label", "rack=7", "--remove-engine-label",
                             "old", "--engine-opt", "dns=192.0.2.2", "--engine-opt", "dns=192.0.2.3", "--engine-env", "A=1",
                             "--tls-san", "web.example", limit=LIMIT)
    assert '--engine-label: "tier=test, old=1" -> "tier=prod, rack=7"\n' in changed, changed
    assert labels(docker_machine, "dev") == ["provider=generic", "rack=7", "tier=prod"]
    assert process_of(docker_host) == web and not has_live_restore(docker_host)
    assert "DNS:web.example" in names_in(shown_certificate(docker_host.address))
    unit = docker_host.read(UNIT).decode()
    assert "--log-level=warn --dns=192.0.2.2 --dns=192.0.2.3" in unit and 'Environment="A=1"' in unit
    assert docker_host.exec("ls /etc/docker /etc/systemd/system/docker.service.d").stdout.count("before") == 0
    options = json.loads(config(docker_machine, "dev"))["HostOptions"]["EngineOptions"]
    assert options["Labels"] == ["tier=prod", "rack=7"] and options["Env"] == ["A=1"]

    engine, before = engine_process(docker_host), config(docker_machine, "dev")
    again = docker_machine("modify", "--engine-label", "tier=prod", "--remove-engine-label", "nobody", "dev")
    assert again == '"dev" has these settings already.\n' and engine_process(docker_host) == engine

    # What dockerd's own command line does not know is found before anything is touched.
    told = refused(docker_machine, "dev", "--engine-opt", "nonsense=1")
    assert "unknown flag: --nonsense" in told and "goes on with those that it has" in told
    assert engine_process(docker_host) == engine and docker_host.read(UNIT).decode() == unit

    # What only shows when it starts is taken back.
    told = refused(docker_machine, "dev", "--engine-opt", "log-level=nonsense", "--engine-label", "tier=lost")
    assert "Unable to verify the Docker daemon is listening" in told and "logging level: nonsense" in told, told
    assert docker_host.read(UNIT).decode() == unit and process_of(docker_host) == web
    assert labels(docker_machine, "dev") == ["provider=generic", "rack=7", "tier=prod"]
    assert not has_live_restore(docker_host) and "daemon.json" not in docker_host.exec("ls /etc/docker").stdout
    assert config(docker_machine, "dev") == before

    # What live-restore may not survive, and what would hide images, needs consent.
    engine = engine_process(docker_host)
    told = refused(docker_machine, "dev", "--engine-opt", "bip=172.30.0.1/16")
    assert 'its running containers would stop' in told and 'its option "bip" changes' in told and "--force" in told
    told = refused(docker_machine, "dev", "--engine-storage-driver", "vfs")
    assert "would not see its images and containers any more; --force" in told
    docker_host.exec(f"sed -i s/log-level=warn/log-level=info/ {UNIT}")
    told = refused(docker_machine, "dev", "--engine-label", "tier=lost")
    assert "are not those that docker-machine knows of" in told
    assert (engine_process(docker_host), process_of(docker_host), config(docker_machine, "dev")) == (engine, web, before)
    forced = docker_machine.run("modify", "-f", "dev", "--engine-opt", "bip=172.30.0.1/16", limit=LIMIT)
    assert forced.code == 0 and "Its running containers stop with the engine" in forced.err, str(forced)
    assert docker(docker_machine, "dev", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").stdout == (
        "172.30.0.1\n")
    told = refused(docker_machine, "dev", "--engine-version", "24.0")
    assert 'docker-machine upgrade --engine-version' in told


def test_a_machine_that_moved(docker_host, docker_machine, client, tmp_path):  # noqa: F811
    create(docker_machine, docker_host, "dev")
    docker_machine("context", "--prefix", "dm-", "dev")
    web, former = run_container(docker_host), docker_host.address
    docker_host.move()
    changed = docker_machine("modify", "dev", "--generic-ip-address", docker_host.address, limit=LIMIT)
    assert f'--generic-ip-address: "{former}" -> "{docker_host.address}"' in changed
    assert f'Renewing the certificate of "dev" for {docker_host.address}...' in changed
    assert process_of(docker_host) == web and docker_host.address in names_in(shown_certificate(docker_host.address))
    assert name_at(client, "--context", "dm-dev") == "dev"

    # Another port of the engine, another user, another key; each wrong one is found before it is kept.
    docker_machine("modify", "dev", "--generic-engine-port", "2377", limit=LIMIT)
    assert docker_machine("url", "dev") == f"tcp://{docker_host.address}:2377\n" and process_of(docker_host) == web
    assert name_at(client, "--context", "dm-dev") == "dev"
    before = config(docker_machine, "dev")
    stranger = make_key(tmp_path / "stranger")
    for wrong in (["--generic-ssh-key", stranger], ["--generic-ssh-user", "nobody"], ["--generic-ssh-port", "23"]):
        assert "Nothing was changed, since SSH does not work with that" in refused(docker_machine, "dev", *wrong)
    assert config(docker_machine, "dev") == before
    folder = docker_machine.store / "machines" / "dev"
    fresh = make_key(tmp_path / "fresh")
    docker_host.exec("cat >>/home/admin/.ssh/authorized_keys", input=fresh.with_name("fresh.pub").read_text())
    docker_machine("modify", "dev", "--generic-ssh-user", "admin", "--generic-ssh-key", fresh)
    assert docker_machine("ssh", "dev", "id", "-un") == "admin\n"
    assert (folder / "fresh").read_bytes() == fresh.read_bytes() and not (folder / docker_host.key.name).exists()
    fresh.write_bytes(docker_host.key.read_bytes())  # the same file, another key
    docker_machine("modify", "dev", "--generic-ssh-key", fresh)
    assert (folder / "fresh").read_bytes() == docker_host.key.read_bytes()
    assert docker_machine("modify", "dev", "--generic-ssh-key", fresh) == '"dev" has these settings already.\n'

    # Somebody else at the address.
    docker_host.change_host_key()
    docker_host.move()
    assert "the SSH host key of machine \"dev\" has changed" in refused(docker_machine, "dev", "--generic-ip-address", docker_host.address)


def test_another_name(docker_host, docker_machine, client):  # noqa: F811
    create(docker_machine, docker_host, "old")
    docker_machine("context", "--prefix", "dm-", "old")
    docker_machine("ssh-config", "--install")
    client("context", "use", "dm-old")
    web, engine = run_container(docker_host), engine_process(docker_host)
    pinned = (docker_machine.store / "machines" / "old" / "known_hosts").read_text()
    shown = docker_machine("rename", "old", "new.1")
    assert 'Machine "old" is "new.1" now.' in shown and "eval $(docker-machine env new.1)" in shown
    assert (engine_process(docker_host), process_of(docker_host)) == (engine, web)
    store = docker_machine.store
    assert (store / "machines" / "new.1" / "known_hosts").read_text() == pinned.replace("old ", "new.1 ")
    assert "machines/old" not in config(docker_machine, "new.1") and '"MachineName": "new.1"' in config(docker_machine, "new.1")
    assert docker(docker_machine, "new.1", "ps", "--format", "{{.Names}}").stdout == "web\n"
    assert client("context", "ls", "--format", "{{.Name}}").stdout.split() == ["default", "dm-new.1"]
    assert name_at(client) == "old", "the current context is the same engine; the hostname stays"
    assert "Host new.1 new.1.docker-machine" in (store / "ssh_config").read_text()
    assert "Host old" not in (store / "ssh_config").read_text()
    assert docker_machine("ssh", "new.1", "hostname") == "old\n"
    assert docker_machine.run("ip", "old").code == 1
    # The next provisioning gives the host the name.
    docker_machine("modify", "new.1", "--engine-label", "a=b", limit=LIMIT)
    assert docker_machine("ssh", "new.1", "hostname") == "new.1\n" and process_of(docker_host) == web
    docker_machine("rm", "-y", "new.1")
    assert client("context", "ls", "--format", "{{.Name}}").stdout.split() == ["default"]
