"""`docker machine …` with Debian's docker client."""

import json
import os
import socket
from subprocess import run

import pytest

import cli
from store import add_machine, refusing_url

DOCKER = "/usr/bin/docker"


@pytest.fixture
def docker(docker_machine):
    """The docker client, with the program as its plugin and a machine dev."""
    folder = docker_machine.home / ".docker" / "cli-plugins"
    folder.mkdir(parents=True)
    (folder / "docker-machine").symlink_to(docker_machine.binary)
    add_machine(docker_machine.store, "dev", refusing_url())
    client = cli.DockerMachine(DOCKER, docker_machine.home)
    client.environment = docker_machine.environment
    return client


def test_metadata(docker_machine):
    told = json.loads(docker_machine("docker-cli-plugin-metadata"))
    assert told["SchemaVersion"] == "0.1.0" and told["Vendor"] and told["ShortDescription"]
    assert docker_machine("version").split()[2] == told["Version"] + ","


def test_commands(docker):
    assert "machine*" in docker("--help")
    assert docker("machine", "ls", "-q") == "dev\n"
    assert docker("machine", "url", "dev") == refusing_url() + "\n"
    assert docker("machine", "--storage-path", "/nonexistent", "ls", "-q") == ""
    assert docker("-H", "tcp://192.0.2.1:1", "--log-level", "error", "machine", "ls", "-q") == "dev\n"
    assert "Docker Machine Version" in docker.run("--debug", "machine", "ls", "-q").err


def test_lines_name_the_plugin(docker):
    assert "# eval $(docker machine env -u)\n" in docker("machine", "env", "-u")
    assert docker("machine", "--help").startswith("Usage: docker machine [OPTIONS] COMMAND")
    assert docker("help", "machine").startswith("Usage: docker machine [OPTIONS] COMMAND")
    assert docker("machine", "url", "--help").startswith("Usage: docker machine url ")
    assert docker.run("machine", "foo").err == "docker machine: 'foo' is not a docker machine command. See 'docker machine --help'.\n"


def test_exit_codes(docker):
    assert docker.run("machine", "url", "nosuch").code == 1
    assert docker.run("machine", "create", "-d", "generic", "--generic-ip-address", "192.0.2.1", "--generic-ssh-key", "/nonexistent",
                      "x").code == 3


def test_control_c(docker):
    with docker.terminal("machine", "rm", "dev") as terminal:
        terminal.expect(r"Are you sure\? \(y/n\): ")
        terminal.send("\x03")
        assert terminal.finish(10) == 130
    assert docker("machine", "ls", "-q") == "dev\n"


def test_newer_clients_end_it_by_a_socket(docker_machine, silent_server):
    """Instead of a signal, they close the connection that the plugin has made to them."""
    key = docker_machine.home / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with socket.socket(socket.AF_UNIX) as server:
        address = f"docker_cli_{os.getpid()}"
        server.bind("\0" + address)
        server.listen()
        server.settimeout(20)
        running = docker_machine.start(
            "create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port", silent_server.port,
            "--generic-ssh-key", key, "x", environment={"DOCKER_CLI_PLUGIN_SOCKET": "@" + address})
        connection, _ = server.accept()
        assert silent_server.connected.wait(20), "it never came to wait"
        connection.close()
        assert running.finish(limit=20).code == 130


def test_completion_as_the_client_asks(docker, docker_machine):
    asked = {"DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND": "docker"}
    assert docker_machine("__completeNoDesc", "machine", "url", "d", environment=asked) == "dev\n:4\n"
