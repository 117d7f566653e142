"""docker-machine with the generic driver, on real hosts: from `create` to `rm`."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

CREATE_LIMIT = 300


def create(docker_machine, host, name, *more, user="root", **options):
    """Makes a machine of the host; the standard output."""
    return docker_machine("create", "--driver", "generic", "--generic-ip-address", host.address, "--generic-ssh-key",
                          host.key, "--generic-ssh-user", user, *more, name, limit=CREATE_LIMIT, **options)


def docker(docker_machine, name, *arguments, program="/usr/bin/docker"):
    """The real docker client, with what `env` says evaluated by a real shell."""
    lines = docker_machine("env", "--shell", "bash", name)
    script = lines + '\nexec "$@"'
    return subprocess.run(["bash", "-c", script, "bash", program, *arguments], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(docker_machine.home)}, check=False)


def test_create_on_a_host_with_docker_is_as_the_original_says(docker_host, docker_machine):
    """The lines of the original, word for word, and a machine that works."""
    docker_machine("create", "--driver", "none", "--url", "tcp://127.0.0.1:1", "first")
    shown = create(docker_machine, docker_host, "gen-1", "--engine-label", "tier=test", "--engine-opt", "log-level=warn",
                   "--tls-san", "gen.example")
    binary = docker_machine.binary
    assert shown.splitlines() == [
        "Running pre-create checks...", "Creating machine...", "(gen-1) Importing SSH key...",
        "Waiting for machine to be running, this may take a few minutes...",
        "Detecting operating system of created instance...", "Waiting for SSH to be available...",
        "Detecting the provisioner...", "Provisioning with debian...", "Copying certs to the local machine directory...",
        "Copying certs to the remote machine...", "Setting Docker configuration on the remote daemon...",
        "Checking connection to Docker...", "Docker is up and running!",
        "To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: "
        f"{binary} env gen-1"]

    listed = docker_machine("ls", "--filter", "name=gen-1").splitlines()
    assert listed[0].split() == ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS"]
    assert re.match(rf"gen-1 +- +generic +Running +tcp://{docker_host.address}:2376 +v\d", listed[1])

    info = docker(docker_machine, "gen-1", "info", "--format", "{{json .Labels}}")
    assert sorted(json.loads(info.stdout)) == ["provider=generic", "tier=test"], info.stderr  # the engine keeps no order
    assert docker(docker_machine, "gen-1", "info", "--format", "{{.Name}}").stdout.strip() == "gen-1"

    folder = docker_machine.store / "machines" / "gen-1"
    certificate = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", folder / "server.pem"],
                                 capture_output=True, text=True, check=True).stdout
    assert f"DNS:gen.example, DNS:localhost, IP Address:{docker_host.address}" in certificate
    assert docker_host.exec("stat -c %a /etc/docker/server-key.pem").stdout.strip() == "600"
    assert docker_host.exec("cat /etc/hostname").stdout.strip() == "gen-1"
    unit = docker_host.read("/etc/systemd/system/docker.service.d/10-machine.conf").decode()
    assert "--label tier=test --label provider=generic --log-level=warn " in unit

    assert docker_machine("status", "gen-1") == "Running\n"
    assert docker_machine("url", "gen-1") == f"tcp://{docker_host.address}:2376\n"
    assert docker_machine("ip", "gen-1") == f"{docker_host.address}\n"
    config = docker_machine("config", "gen-1").splitlines()
    assert config == ["--tlsverify", f'--tlscacert="{folder}/ca.pem"', f'--tlscert="{folder}/cert.pem"',
                      f'--tlskey="{folder}/key.pem"', f"-H=tcp://{docker_host.address}:2376"]

    # The machine's folder holds what the original's does, and our two files.
    key = os.path.basename(docker_host.key)
    assert sorted(os.listdir(folder)) == sorted(["ca.pem", "cert.pem", "config.json", "key.pem", key, key + ".pub",
                                                 "known_hosts", "notes.json", "server-key.pem", "server.pem"])

    docker_machine.environment["DOCKER_HOST"] = f"tcp://{docker_host.address}:2376"
    assert docker_machine("active") == "gen-1\n"
    assert re.search(r"^gen-1 +\* ", docker_machine("ls"), re.MULTILINE)
    assert docker_machine("version", "gen-1").startswith("20.10")

    docker_machine("rm", "-y", "gen-1")
    assert not folder.exists()


def test_a_client_without_the_certificate_is_refused(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "dev")
    url = f"https://{docker_host.address}:2376/_ping"
    certs = docker_machine.store / "certs"
    ours = subprocess.run(["curl", "-sS", "--cacert", certs / "ca.pem", "--cert", certs / "cert.pem", "--key",
                           certs / "key.pem", url], capture_output=True, text=True, timeout=20, check=False)
    assert ours.stdout == "OK", ours.stderr
    nobody = subprocess.run(["curl", "-sSk", url], capture_output=True, text=True, timeout=20, check=False)
    assert nobody.returncode != 0 and nobody.stdout == ""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=somebody", "-keyout",
                    tmp_path / "key", "-out", tmp_path / "cert"], capture_output=True, check=True)
    stranger = subprocess.run(["curl", "-sSk", "--cert", tmp_path / "cert", "--key", tmp_path / "key", url],
                              capture_output=True, text=True, timeout=20, check=False)
    assert stranger.returncode != 0 and stranger.stdout == ""
    plain = subprocess.run(["curl", "-sS", url.replace("https", "http")], capture_output=True, text=True, timeout=20,
                           check=False)
    assert "OK" != plain.stdout


def test_a_bare_host_gets_the_distributions_engine(bare_host, docker_machine):
    """get.docker.com cannot be reached from the host, so Debian's own package is taken, and said so."""
    shown = create(docker_machine, bare_host, "fresh", "--engine-storage-driver", "vfs", user="admin")
    assert "Installing Docker..." in shown
    assert "https://get.docker.com cannot be fetched from the machine" in shown
    assert "installing the distribution's own engine." in shown
    assert docker(docker_machine, "fresh", "info", "--format", "{{.Driver}}").stdout.strip() == "vfs"


@pytest.mark.parametrize("release, version", [("bullseye", "20.10."), ("trixie", "26.")])
def test_debian_before_and_after(make_host, docker_machine, release, version):
    """The stable release runs in all other tests."""
    host = make_host(release, user="admin")
    shown = create(docker_machine, host, "dev", user="admin")
    assert "Provisioning with debian...\n" in shown and "Installing Docker...\n" in shown
    assert docker_machine("version", "dev").startswith(version)
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}").stdout == "dev\n"
    docker_machine("provision", "dev", limit=CREATE_LIMIT)
    docker_machine("upgrade", "dev", limit=CREATE_LIMIT)
    assert docker(docker_machine, "dev", "info", "--format", "{{.Name}}").stdout == "dev\n"


def test_an_engine_is_upgraded_and_pinned(bare_host, docker_machine):
    create(docker_machine, bare_host, "fresh", "--engine-version", "20.10")
    before = docker_machine("version", "fresh")
    assert before.startswith("20.10.")
    refused = docker_machine.run("upgrade", "--engine-version", "99.1", "fresh", limit=CREATE_LIMIT)
    assert refused.code == 1
    assert "There is no version 99.1 of the package docker.io for this machine; there are: 20.10." in refused.err
    started = bare_host.exec("systemctl show --property=ExecMainPID docker").stdout
    shown = docker_machine("upgrade", "fresh", limit=CREATE_LIMIT).splitlines()
    assert shown == ["Waiting for SSH to be available...", "Detecting the provisioner...", "Upgrading docker...",
                     "Restarting docker..."]
    assert bare_host.exec("systemctl show --property=ExecMainPID docker").stdout != started
    docker_machine("upgrade", "--engine-version", before.strip().split("+")[0], "fresh", limit=CREATE_LIMIT)
    assert docker_machine("version", "fresh") == before
    bare_host.exec("mv /usr/sbin/dockerd /usr/local/sbin/dockerd && ln -s /usr/local/sbin/dockerd /usr/sbin/dockerd")
    by_hand = docker_machine.run("upgrade", "fresh", limit=CREATE_LIMIT)
    assert by_hand.code == 1 and "belongs to no package" in by_hand.err


def test_swarm_settings_are_kept_and_explained(docker_host, docker_machine):
    result = docker_machine.run("create", "--driver", "generic", "--generic-ip-address", docker_host.address,
                                "--generic-ssh-key", docker_host.key, "--swarm", "--swarm-master", "--swarm-discovery",
                                "token://x", "dev", limit=CREATE_LIMIT)
    assert result.code == 0, result
    assert "Configuring swarm...\n" in result.out
    assert "Classic Swarm is not set up" in result.err and "docker swarm init" in result.err
    assert docker_machine("ls", "--format", "{{.Swarm}}") == "dev (master)\n"
    assert docker(docker_machine, "dev", "ps", "-aq").stdout == ""


def test_mount_shows_a_folder_of_the_machine(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "default")
    docker_host.exec("mkdir /srv/site && echo there >/srv/site/page")
    place = tmp_path / "a, b"
    place.mkdir()
    for remote in ("/srv/site", "default:/srv/site", "root@default:/srv/site"):
        docker_machine("mount", remote, place)
        try:
            assert (place / "page").read_text() == "there\n"
            (place / "back").write_text(remote)
        finally:
            docker_machine("mount", "-u", remote, place)
        assert list(place.iterdir()) == []
        assert docker_host.read("/srv/site/back").decode() == remote
    assert docker_machine.run("mount", "default:/nowhere", place).code == 1
    bare = {"PATH": str(tmp_path)}
    assert docker_machine.run("mount", "/srv", place, environment=bare).err == (
        "You must have a copy of the sshfs binary locally to use the mount feature\n")
    assert docker_machine.run("mount", "-u", "/srv", place, environment=bare).err == (
        "You must have a copy of the fusermount binary locally to use the unmount option\n")
    for words in ([], ["a", "b", "c"]):
        wrong = docker_machine.run("mount", *words)
        assert wrong.code == 1 and wrong.err == "Improper number of arguments\n"
        assert wrong.out.startswith("Usage: docker-machine mount [OPTIONS] [arg...]\n")


def test_values_arrive_as_typed(docker_host, docker_machine):
    label = "note=it's \"quoted\" for $5 \\ 100%"
    create(docker_machine, docker_host, "odd", "--engine-label", label, "--engine-env", "FOO=bar baz", "--engine-env",
           'QUOTE=a"b$HOME%n')
    assert label in json.loads(docker(docker_machine, "odd", "info", "--format", "{{json .Labels}}").stdout)
    pid = docker_host.exec("systemctl show -p MainPID --value docker").stdout.strip()
    environment = docker_host.exec(f"tr '\\0' '\\n' </proc/{pid}/environ").stdout.splitlines()
    assert "FOO=bar baz" in environment
    assert 'QUOTE=a"b$HOME%n' in environment


def test_one_connection_carries_a_creation(docker_host, docker_machine, make_proxy):
    line = make_proxy(docker_host.address, 22, listen="127.0.0.2")
    make_proxy(docker_host.address, 2376, listen="127.0.0.2", listen_port=2376)
    docker_machine("create", "--driver", "generic", "--generic-ip-address", line.address, "--generic-ssh-port", line.port,
                   "--generic-ssh-key", docker_host.key, "dev", limit=CREATE_LIMIT)
    assert line.counts.connections == 1


def test_ssh_passes_on_status_input_and_terminal(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    assert docker_machine.run("ssh", "dev", "exit 7").code == 7
    assert docker_machine.run("ssh", "dev", "cat", input="over\n").out == "over\n"
    assert docker_machine("ssh", "dev", "echo", "a", "b") == "a b\n"
    with docker_machine.terminal("ssh", "dev", "-t", "tty; stty size") as terminal:
        terminal.expect(r"/dev/pts/\d+")
        terminal.expect("24 80")
        assert terminal.finish() == 0


def test_scp_copies_both_ways(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "dev")
    there, back = tmp_path / "a b.txt", tmp_path / "back"
    there.write_text("content")
    docker_machine("scp", there, "dev:/tmp/file")
    docker_machine("scp", "dev:/tmp/file", back)
    assert back.read_text() == "content"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    docker_machine("scp", "-r", tmp_path / "folder", "dev:/tmp/")
    assert docker_host.read("/tmp/folder/x").decode() == "x"
    docker_machine("scp", "--delta", "-q", tmp_path / "back", "dev:/tmp/delta") if has_rsync(docker_host) else None
    assert docker_machine.run("scp", "dev:/nowhere", back).code == 1


def has_rsync(host):
    return host.exec("command -v rsync", check=False).returncode == 0


def test_a_changed_host_key_is_refused(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    docker_host.change_host_key()
    for command in (["provision", "dev"], ["regenerate-certs", "-f", "dev"]):
        refused = docker_machine.run(*command, limit=60)
        assert refused.code == 1
        assert "host key" in refused.err.lower() and "known_hosts" in refused.err, refused
    assert docker_machine.run("ssh", "dev", "true").code == 255


def test_restart_waits_until_the_host_is_back(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    before = docker_host.boot_id
    shown = docker_machine("restart", "dev", limit=120)
    assert docker_host.boot_id != before
    assert shown.startswith('Restarting "dev"...\n')
    assert "Restarted machines may have new IP addresses. You may need to re-run the `docker-machine env` command." in shown
    assert docker(docker_machine, "dev", "version").returncode == 0
    for verb, words in (("start", "already running"), ("stop", "does not support stop"), ("kill", "does not support kill")):
        refused = docker_machine.run(verb, "dev")
        assert refused.code == 1 and words in refused.err


def test_certificates_are_renewed_and_provision_may_be_repeated(docker_host, docker_machine):
    create(docker_machine, docker_host, "dev")
    folder = docker_machine.store / "machines" / "dev"
    before = (folder / "server.pem").read_text()
    docker_machine("regenerate-certs", "-f", "dev", limit=120)
    assert (folder / "server.pem").read_text() != before
    assert docker_host.read("/etc/docker/server.pem").decode() == (folder / "server.pem").read_text()
    docker_machine("provision", "dev", limit=120)
    assert docker(docker_machine, "dev", "version").returncode == 0


def test_an_encrypted_key_works_through_the_agent(docker_host, docker_machine, tmp_path):
    from host import make_key
    key = make_key(tmp_path / "secret_key", passphrase="open sesame")
    docker_host.exec(f"echo '{(tmp_path / 'secret_key.pub').read_text().strip()}' >>/root/.ssh/authorized_keys")
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    socket = re.search(r"SSH_AUTH_SOCK=([^;]+)", agent)[1]
    pid = int(re.search(r"SSH_AGENT_PID=(\d+)", agent)[1])
    try:
        helper = tmp_path / "askpass"
        helper.write_text("#!/bin/sh\necho open sesame\n")
        helper.chmod(0o700)
        subprocess.run(["ssh-add", key], check=True, capture_output=True, stdin=subprocess.DEVNULL,
                       env={**os.environ, "SSH_AUTH_SOCK": socket, "SSH_ASKPASS": str(helper),
                            "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "x"})
        docker_machine("create", "--driver", "generic", "--generic-ip-address", docker_host.address, "--generic-ssh-key", key,
                       "agent", limit=CREATE_LIMIT, environment={"SSH_AUTH_SOCK": socket})
    finally:
        os.kill(pid, signal.SIGTERM)
    assert docker(docker_machine, "agent", "version").returncode == 0


@pytest.mark.parametrize("moment", ["Importing SSH key", "Provisioning with", "Copying certs to the remote", "Checking connection"])
def test_ctrl_c_leaves_a_machine_that_rm_removes(docker_host, docker_machine, moment):
    with docker_machine.terminal("create", "--driver", "generic", "--generic-ip-address", docker_host.address,
                                 "--generic-ssh-key", docker_host.key, "dev") as terminal:
        terminal.expect(moment)
        terminal.send("\x03")
        began = time.monotonic()
        code = terminal.finish(30)
        assert time.monotonic() - began < 15
    # The last check is over in no time: then it is finished, and says so.
    finished = code == 0 and moment == "Checking connection"
    assert finished or code == 130
    assert ("Creation did not finish" in docker_machine("ls")) != finished
    docker_machine("rm", "-y", "dev")
    assert docker_machine("ls", "-q") == ""


def test_a_creation_that_was_killed_can_be_provisioned_again(docker_host, docker_machine):
    running = docker_machine.start("create", "--driver", "generic", "--generic-ip-address", docker_host.address,
                                   "--generic-ssh-key", docker_host.key, "dev")
    folder = docker_machine.store / "machines" / "dev"
    until = time.monotonic() + 60
    while not (folder / "server.pem").exists() and time.monotonic() < until:
        time.sleep(0.02)
    running.signal(signal.SIGKILL)
    running.finish()
    assert "Creation did not finish" in docker_machine("ls")
    docker_machine("provision", "dev", limit=120)
    assert "Creation did not finish" not in docker_machine("ls")
    assert docker(docker_machine, "dev", "version").returncode == 0


def test_a_wrong_user_is_told(docker_host, docker_machine):
    docker_host.exec("useradd -m stranger")
    result = docker_machine.run("create", "--driver", "generic", "--generic-ip-address", docker_host.address,
                                "--generic-ssh-key", docker_host.key, "--generic-ssh-user", "stranger", "dev", limit=150)
    assert result.code == 1
    assert "stranger@" in result.err and "Too many retries" in result.err


def test_a_host_that_hangs_does_not_hang_us(docker_host, docker_machine, make_proxy):
    """A line that falls silent in the middle: commands end, and `ls` shows one row and goes on."""
    create(docker_machine, docker_host, "dev")
    docker_host.pause()
    try:
        began = time.monotonic()
        listed = docker_machine("ls", "--timeout", "2")
        assert time.monotonic() - began < 6
        assert re.search(r"^dev .*Timeout", listed, re.MULTILINE), listed
        began = time.monotonic()
        refused = docker_machine.run("config", "dev", limit=90)
        assert refused.code == 1 and time.monotonic() - began < 60
        assert refused.out == ""
    finally:
        docker_host.unpause()
    assert re.search(r"^dev .*Running", docker_machine("ls"), re.MULTILINE)


def test_a_full_disk_on_the_host_is_told(docker_host, docker_machine):
    docker_host.exec("mkdir -p /etc/docker && mount -t tmpfs -o size=4k tmpfs /etc/docker && "
                     "head -c 4096 /dev/zero >/etc/docker/full || true")
    result = docker_machine.run("create", "--driver", "generic", "--generic-ip-address", docker_host.address,
                                "--generic-ssh-key", docker_host.key, "dev", limit=CREATE_LIMIT)
    assert result.code == 1
    assert "No space left on device" in result.err
    docker_machine("rm", "-y", "dev")


def test_a_docker_that_never_answers_does_not_stop_us(docker_host, docker_machine):
    """A `docker --version` that hangs for ever was seen to stop the original."""
    docker_host.exec("printf '#!/bin/sh\\nsleep 1000000\\n' >/usr/local/bin/docker && chmod +x /usr/local/bin/docker")
    create(docker_machine, docker_host, "dev")


def test_compose_puts_two_services_up(docker_host, docker_machine, tmp_path):
    create(docker_machine, docker_host, "dev")
    (tmp_path / "busybox").write_bytes(open("/bin/busybox", "rb").read())
    (tmp_path / "busybox").chmod(0o755)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY busybox /bin/busybox\nCOPY index.html /www/index.html\n")
    (tmp_path / "index.html").write_text("a page\n")
    (tmp_path / "docker-compose.yml").write_text(
        'version: "3"\nservices:\n'
        '  web:\n    build: .\n    container_name: webserver\n    ports: ["8000:80"]\n'
        '    command: ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"]\n'
        '  other:\n    build: .\n    command: ["/bin/busybox", "sleep", "100000"]\n')
    lines = docker_machine("env", "--shell", "bash", "dev")

    def shell(script):
        return subprocess.run(["bash", "-euc", lines + script], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(docker_machine.home)}, check=False)

    up = shell("docker-compose up -d --build")
    assert up.returncode == 0, up.stderr
    assert sorted(shell("docker ps --format '{{.Names}}'").stdout.split())[-1] == "webserver"
    assert len(shell("docker ps -q").stdout.split()) == 2

    def page():
        return subprocess.run(["curl", "-sS", "--retry", "5", "--retry-connrefused", "--noproxy", "*",
                               f"http://{docker_host.address}:8000"], capture_output=True, text=True, check=False).stdout

    assert page() == "a page\n"
    assert shell("docker restart webserver").stdout == "webserver\n"
    assert page() == "a page\n"
    # Away from the machine again: the page is served all the same.
    away = shell(docker_machine("env", "-u", "--shell", "bash") + 'echo "[${DOCKER_HOST:-}]"')
    assert away.stdout == "[]\n", away.stderr
    assert page() == "a page\n"
    assert shell("docker-compose down").returncode == 0
