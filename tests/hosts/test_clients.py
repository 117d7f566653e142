"""Real programs that drive docker-machine or follow its environment: Ansible's inventory and Python's docker package."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from test_generic import create, docker

PLUGIN = """plugin: community.docker.docker_machine
daemon_env: {mode}
running_required: true
verbose_output: true
"""


@pytest.fixture
def ansible(docker_machine, tmp_path):
    """ansible(program, words…): one of Ansible's programs, which finds docker-machine on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker-machine").symlink_to(docker_machine.binary)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(docker_machine.home), "LC_ALL": "C.UTF-8",
                   "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_INVENTORY_ENABLED": "community.docker.docker_machine"}

    def run(program, *words, mode="require"):
        if not shutil.which(program, path="/usr/bin"):
            pytest.fail("packages are missing: apt-get install ansible", pytrace=False)
        inventory = tmp_path / "all.docker_machine.yml"
        inventory.write_text(PLUGIN.format(mode=mode))
        return subprocess.run([f"/usr/bin/{program}", "-i", inventory, *words], capture_output=True, text=True, timeout=180,
                              env=environment, check=False)

    return run


def test_ansible_finds_the_machines_and_logs_in(docker_host, docker_machine, ansible):
    create(docker_machine, docker_host, "live", "--engine-label", "tier=test", user="admin")
    docker_machine("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "dead")
    listed = ansible("ansible-inventory", "--list")
    assert listed.returncode == 0, listed.stderr
    hosts = json.loads(listed.stdout)["_meta"]["hostvars"]
    assert list(hosts) == ["live"], listed.stderr  # the dead one has no environment
    live = hosts["live"]
    assert live["ansible_host"] == docker_host.address and live["ansible_user"] == "admin" and live["ansible_port"] == 22
    assert live["dm_DOCKER_HOST"] == f"tcp://{docker_host.address}:2376" and live["dm_DOCKER_MACHINE_NAME"] == "live"
    assert live["docker_machine_node_attributes"]["HostOptions"]["EngineOptions"]["Labels"] == ["tier=test"]
    assert list(json.loads(ansible("ansible-inventory", "--list", mode="skip").stdout)["_meta"]["hostvars"]) == ["dead", "live"]
    answer = ansible("ansible", "live", "-m", "raw", "-a", "sudo cat /etc/hostname")
    assert answer.returncode == 0 and "live" in answer.stdout.splitlines()[1], answer.stdout + answer.stderr


def test_pythons_docker_follows_the_environment(docker_host, docker_machine, tmp_path):
    """from_env() of the real package; the image is one static program."""
    name = "runner-t1q2w3e4-autoscale-" + "x" * 40 + "-1763990000-0a1b2c3d"  # longer than a hostname may be
    create(docker_machine, docker_host, name)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY busybox /bin/busybox\n")
    shutil.copy("/bin/busybox", tmp_path / "busybox")
    script = """
import docker, sys
client = docker.from_env(timeout=60)
assert client.ping()
client.images.build(path=sys.argv[1], tag="small", rm=True)
print(client.containers.run("small", ["/bin/busybox", "echo", "over TLS"], remove=True).decode().strip())
print(client.info()["Name"])
"""
    lines = docker_machine("env", "--shell", "bash", name)
    done = subprocess.run(["bash", "-c", lines + '\nexec "$@"', "bash", sys.executable, "-c", script, tmp_path],
                          capture_output=True, text=True, timeout=120, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(docker_machine.home)})
    assert done.returncode == 0, done.stderr
    said, hostname = done.stdout.splitlines()
    assert said == "over TLS" and hostname == name[:63].rstrip("-")


def test_gitlab_runner_stops_and_kills(docker_host, docker_machine):
    """`stop` has 60 seconds, then it is killed; what is left must be usable."""
    create(docker_machine, docker_host, "worker")
    running = docker_machine.start("--bugsnag-api-token=no-report", "stop", "worker")
    running.signal(9)
    running.finish()
    assert docker_machine.run("--bugsnag-api-token=no-report", "config", "worker").code == 0
    assert docker(docker_machine, "worker", "version").returncode == 0
    sudo = docker_machine.run("ssh", "worker", "sudo", "sh", "-c", "'exit 7'")
    assert sudo.code == 7
    merged = docker_machine.run("inspect", "worker")
    assert json.loads(merged.out + merged.err)["Driver"]["IPAddress"] == docker_host.address
    folder = docker_machine("inspect", "worker", "-f", "{{.HostOptions.AuthOptions.StorePath}}").strip()
    seen = subprocess.run(["curl", "-sS", "--cacert", f"{folder}/ca.pem", "--cert", f"{folder}/cert.pem", "--key",
                           f"{folder}/key.pem", docker_machine("url", "worker").strip().replace("tcp", "https") + "/_ping"],
                          capture_output=True, text=True, timeout=20, check=False, env={"PATH": os.environ["PATH"]})
    assert seen.stdout == "OK", seen.stderr
    docker_machine("rm", "-y", "worker")
    assert not (docker_machine.store / "machines" / "worker").exists()


def test_the_maven_plugin_renews_and_connects(docker_host, docker_machine):
    """It reads the lines for cmd wherever it runs, and puts them into the environment of its own client."""
    create(docker_machine, docker_host, "dev")
    assert docker_machine("status", "dev").splitlines() == ["Running"]
    docker_machine("regenerate-certs", "-f", "dev", limit=120)
    lines = docker_machine("env", "dev", "--shell", "cmd").splitlines()
    read = dict(line[4:].split("=", 1) for line in lines if line.startswith("SET "))
    done = subprocess.run(["docker", "info", "--format", "{{.Name}}"], capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(docker_machine.home), **read})
    assert done.stdout == "dev\n", done.stderr


def test_the_operator_of_kluster_api_fetches_a_result(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "worker", "--engine-label", "a=b")
    docker_host.exec("echo done >/tmp/result.txt")
    docker_machine("scp", "admin@worker:/tmp/result.txt", tmp_path)
    assert (tmp_path / "result.txt").read_text() == "done\n"
    again = docker_machine.run("create", "--driver", "generic", "--generic-ip-address", docker_host.address, "worker")
    assert again.code == 1 and "already exists" in again.err
    docker_machine("rm", "worker", "-y")


@pytest.mark.parametrize("client", [[], ["--native-ssh"]])
def test_clusterodm_runs_commands(docker_host, docker_machine, client):
    """It reads both streams as one."""
    create(docker_machine, docker_host, "node", user="admin")
    told = docker_machine.run(*client, "ssh", "node", "sudo id -un; sudo docker version --format '{{.Server.Os}}'; exit 6")
    assert told.code == 6 and (told.out + told.err).split() == ["root", "linux"]
    shown = docker_machine.run("inspect", "node")
    assert json.loads(shown.out + shown.err)["Driver"]["IPAddress"] == docker_host.address
    docker_machine("rm", "-y", "-f", "node")
