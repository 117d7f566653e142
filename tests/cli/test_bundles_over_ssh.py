"""`export --to`: machines straight to another computer, which is this one with another home, through a real sshd."""

import getpass
import os
import shutil
import socket
import subprocess
import time

import pytest

import cli
from store import add_machine, free_port

LIMIT = 10  # seconds


@pytest.fixture
def there(binary, tmp_path):
    """The other computer. docker-machine is in the PATH of whoever logs in, unless a test takes it away."""
    other = cli.DockerMachine(binary, tmp_path / "other" / "home")
    programs = tmp_path / "other" / "bin"
    programs.mkdir()
    (programs / "docker-machine").symlink_to(binary)
    return other


@pytest.fixture
def sshd(tmp_path, there, docker_machine):
    """An sshd of the other computer, and an `ssh` in our PATH that reaches it."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    (folder / "config").write_text(f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
SetEnv HOME={there.home} PATH={tmp_path}/other/bin:/usr/bin:/bin USER=bob
""")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < until and process.poll() is None, process.stderr.read()
            time.sleep(0.05)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f"""#!/bin/sh
exec /usr/bin/ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes \\
  -i {folder}/client -p {port} "$@"
""")
    (programs / "ssh").chmod(0o755)
    docker_machine.environment["PATH"] = f"{programs}:{docker_machine.environment['PATH']}"
    yield f"{getpass.getuser()}@127.0.0.1"
    process.terminate()
    process.wait(LIMIT)


def test_straight_to_another_computer(docker_machine, there, sshd, make_engine):
    add_machine(docker_machine.store, "web", make_engine(docker_machine.store).url)
    result = docker_machine.run("export", "web", "--to", sshd)
    assert result.code == 0 and result.out == 'Machine "web" is here now.\n', str(result)
    there("env", "web")
    again = docker_machine.run("export", "web", "--to", sshd, "--as", "web=a-2")
    assert again.code == 0, str(again)
    there("env", "a-2")
    add_machine(docker_machine.store, "more", "tcp://127.0.0.1:1")
    refused = docker_machine.run("export", "more", "--to", sshd, "--as", "web")
    assert refused.code == 1 and 'Docker machine "web" already exists' in refused.err and "did not take the machines" in refused.err
    assert there("ls", "-q") == "a-2\nweb\n"


def test_where_it_cannot_go(docker_machine, there, sshd, tmp_path):
    add_machine(docker_machine.store, "web", "tcp://127.0.0.1:1")
    shutil.rmtree(tmp_path / "other" / "bin")
    result = docker_machine.run("export", "web", "--to", sshd)
    assert result.code == 1 and f"There is no docker-machine in the PATH of {sshd}" in result.err, str(result)
    result = docker_machine.run("export", "web", "--to", "nobody-at-all@127.0.0.1")
    assert result.code == 1 and "ssh cannot reach nobody-at-all@127.0.0.1" in result.err, str(result)
    result = docker_machine.run("export", "web", "--to", "-oProxyCommand=touch${IFS}evil")
    assert result.code == 1 and not (docker_machine.home / "evil").exists(), str(result)
    assert not there.store.exists()
