"""Access of one's own: colleagues with keys of their own, which a real engine and a real sshd take until they are revoked."""

import json
import os
import re
import subprocess
import tarfile
from io import BytesIO

import cli
import pytest
from host import make_key
from test_certificates import LIMIT, engine_process, process_of, run_container, set_address
from test_generic import create, docker

PASSPHRASE = "correct horse battery staple\n"
#: Clients of two generations.
CLIENTS = [program for program in ("/usr/bin/docker", "/usr/local/bin/docker") if os.access(program, os.X_OK)]


@pytest.fixture
def colleague(docker_machine, tmp_path):
    """colleague("bob"): docker-machine on a computer of theirs, with a home, a store and keys of their own."""
    def make(name):
        made = cli.DockerMachine(docker_machine.binary, tmp_path / name)
        made.environment["USER"] = name
        return made
    return make


def works(machine, name="web"):
    """The real docker clients and SSH (built in: OpenSSH looks for a user's own keys in no other home), by what the store has."""
    for program in CLIENTS:
        listed = docker(machine, name, "ps", "--format", "{{.Names}}", program=program)
        assert listed.returncode == 0 and listed.stdout == "web\n", listed.stderr
    assert machine("--native-ssh", "ssh", name, "hostname") == "web\n"
    return True


def client_files(machine, name="web"):
    """What the machine's folder has for docker, as a copy of its own."""
    folder = machine.store / "machines" / name
    return {file: (folder / file).read_bytes() for file in ("cert.pem", "key.pem")}


def engine_takes(host, files, folder):
    """Whether the engine lets in who has that certificate and key: asked by curl, whatever the engine itself shows."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    made = subprocess.run(["curl", "-sS", "--noproxy", "*", "--insecure", "--cert", folder / "cert.pem", "--key",
                           folder / "key.pem", f"https://{host.address}:2376/_ping"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert made.stdout == "OK" or "alert" in made.stderr, made
    return made.stdout == "OK"


def forged(files, folder):
    """A certificate that bob's key has signed as if it were an authority's, for a key of somebody else's."""
    for name, content in files.items():
        (folder / f"bob-{name}").write_bytes(content)
    (folder / "extensions").write_text("extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n")

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=mallory", "-keyout", folder / "m-key.pem", "-out",
            folder / "request")
    openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "bob-cert.pem", "-CAkey", folder / "bob-key.pem",
            "-set_serial", "7", "-days", "9", "-extfile", folder / "extensions", "-out", folder / "m-cert.pem")
    return {"cert.pem": (folder / "m-cert.pem").read_bytes(), "key.pem": (folder / "m-key.pem").read_bytes()}


def files_in(bundle):
    """A bundle that is not encrypted: names and contents."""
    with tarfile.open(fileobj=BytesIO(bundle.read_bytes().split(b"\n", 2)[2])) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def people(machine):
    return [row["Who"] for row in json.loads(machine("access", "--list", "--format", "json", "web"))]


def test_a_colleague_comes_and_goes_alone(docker_host, docker_machine, colleague, tmp_path):
    alice, bob, carol = docker_machine, colleague("bob"), colleague("carol")
    create(alice, docker_host, "web", user="admin")
    web, engine = run_container(docker_host), engine_process(docker_host)
    keys_before = docker_host.read("/home/admin/.ssh/authorized_keys")
    # Bob's computer has Alice's authority already, with a certificate by it; Carol's has nothing.
    alice("export", "--ca", "-o", "ca.bundle", "--no-encrypt")
    bob("import", alice.home / "ca.bundle")
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    carols_key = make_key(carol.home / "id_ed25519")
    (carol.home / ".ssh").mkdir()
    for file in (carols_key, carols_key.with_suffix(".pub")):
        file.rename(carol.home / ".ssh" / file.name)

    # Granted: containers run on.
    told = alice.run("access", "web", "--grant", "bob", "-o", "bob.bundle", "--no-encrypt", limit=LIMIT)
    assert told.code == 0 and told.out == "" and re.search(r'^bob has access to "web" until 20\d\d-\d\d-\d\d, once', told.err, re.M)
    assert engine_process(docker_host) != engine and process_of(docker_host) == web
    alice("access", "--grant", "carol", "--public-key", carol.home / ".ssh" / "id_ed25519.pub", "-o", "carol.bundle",
          "--passphrase-file", passphrase, "web", limit=LIMIT)
    files = files_in(alice.home / "bob.bundle")
    assert sorted(name for name in files if name.startswith("machines/")) == [
        f"machines/web/{file}" for file in ("config.json", "id_rsa", "id_rsa.pub", "known_hosts", "notes.json", "server.pem")]
    owned = [path.read_bytes() for path in alice.store.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert owned and not any(key in content for key in owned for content in files.values())
    assert not any(content in owned for name, content in files.items() if "key.pem" in name or name.endswith("id_rsa"))

    bob("import", alice.home / "bob.bundle")
    carol("import", alice.home / "carol.bundle", "--passphrase-file", passphrase)
    assert works(bob) and works(carol) and works(alice)
    assert client_files(bob) != {file: (bob.store / "certs" / file).read_bytes() for file in ("cert.pem", "key.pem")}
    assert bob("certs", "web") and bob.run("certs", "web").code == 0
    assert b"-----BEGIN CERTIFICATE-----" in docker_host.read("/etc/docker/ca.pem").split(b"# docker-machine access bob\n")[1]
    listed = alice("access", "web")
    assert re.fullmatch(r"WHO +CERTIFICATE UNTIL +SSH KEY\nbob +20\d\d-\d\d-\d\d +SHA256:\S+\ncarol +20\d\d-\d\d-\d\d +SHA256:\S+\n", listed)
    assert bob("access", "web", "--list") == listed  # the host knows it, and whoever asks hears the same
    assert people(alice) == ["bob", "carol"]
    assert "docker-machine access web --grant bob" in alice.at(days=1060).run("access", "web").err

    # Bob's key is nobody's authority, although it stands among them.
    folder = tmp_path / "files"
    folder.mkdir()
    bobs, carols = client_files(bob), client_files(carol)
    assert engine_takes(docker_host, bobs, folder)
    assert not engine_takes(docker_host, forged(bobs, folder), folder)

    # Whatever gives the engine other certificates leaves both in.
    alice("regenerate-certs", "-f", "web", limit=LIMIT)
    assert works(bob) and works(carol)
    docker_host.move()
    for machine in (alice, bob, carol):
        set_address(machine, "web", docker_host.address)
    alice("env", "web", limit=LIMIT)
    assert works(bob) and works(carol) and people(alice) == ["bob", "carol"]
    alice("regenerate-certs", "-f", "--ca", limit=LIMIT)
    assert engine_takes(docker_host, bobs, folder) and engine_takes(docker_host, carols, folder)
    # But they cannot tell the engine from another one any more: they need the new authority, and get it with a new grant.
    lost = bob.run("env", "web")
    assert lost.code == 1 and "x509: certificate signed by unknown authority" in lost.err
    assert bob("ssh", "web", "hostname") == "web\n"
    (alice.home / "bob.bundle").unlink()
    alice("access", "web", "--grant", "bob", "-o", "bob.bundle", "--no-encrypt", limit=LIMIT)
    shown = bob("import", alice.home / "bob.bundle")
    assert shown == 'Machine "web" is here already; the access to it is the new one now.\n'
    assert works(bob) and bob.run("certs", "web").code == 0
    assert len(list((bob.store / "certs" / "authorities").iterdir())) == 1
    assert not engine_takes(docker_host, bobs, folder), "the old one"
    bobs = client_files(bob)
    assert engine_takes(docker_host, bobs, folder) and engine_takes(docker_host, carols, folder)

    # Revoked: Bob alone, at once, with what he has open.
    target = ["-i", bob.store / "machines/web/id_rsa", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
              "UserKnownHostsFile=/dev/null", f"admin@{docker_host.address}"]
    session = subprocess.Popen(["/usr/bin/ssh", "-tt", *target, "echo in; sleep 300"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert session.stdout.readline().strip() == b"in"
        gone = alice.run("access", "web", "--revoke", "bob", limit=LIMIT)
        assert gone.code == 0, gone
        assert session.wait(20) != 0
    finally:
        session.kill()
        session.wait(10)
    assert not engine_takes(docker_host, bobs, folder) and engine_takes(docker_host, carols, folder)
    assert subprocess.run(["/usr/bin/ssh", *target, "true"], capture_output=True, timeout=30, check=False).returncode == 255
    assert bob.run("env", "web").code == 1 and docker(alice, "web", "ps", "-q").returncode == 0
    for program in CLIENTS:
        refused = subprocess.run([program, "--tlsverify", "--tlscacert", bob.store / "machines/web/ca.pem", "--tlscert",
                                  bob.store / "machines/web/cert.pem", "--tlskey", bob.store / "machines/web/key.pem", "-H",
                                  f"tcp://{docker_host.address}:2376", "ps"], capture_output=True, text=True, check=False,
                                 timeout=60, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
        assert refused.returncode != 0 and "tls: " in refused.stderr, refused
    assert carol("--native-ssh", "ssh", "web", "hostname") == "web\n"
    again = alice.run("access", "web", "--revoke", "bob")
    assert again.code == 1 and 'bob was not granted access to "web": carol has it' in again.err
    alice("regenerate-certs", "-f", "web", limit=LIMIT)
    assert not engine_takes(docker_host, bobs, folder) and engine_takes(docker_host, carols, folder)
    alice("access", "web", "--revoke", "carol", limit=LIMIT)
    assert works(alice) and people(alice) == [] and not engine_takes(docker_host, carols, folder)
    assert docker_host.read("/home/admin/.ssh/authorized_keys").strip() == keys_before.strip()
    assert docker_host.read("/etc/docker/ca.pem") == (alice.store / "certs" / "ca.pem").read_bytes()
    assert process_of(docker_host) == web and "unread" not in docker_host.exec("ls /etc/docker").stdout


def test_nothing_is_granted_or_lost_by_halves(docker_host, docker_machine):
    """Where containers would stop, or the file cannot be written, nothing changes; half of a revocation is completed."""
    create(docker_machine, docker_host, "web")
    docker_host.exec("docker swarm init")
    run_container(docker_host)
    state = "cat /etc/docker/ca.pem /root/.ssh/authorized_keys; ls /etc/docker; systemctl show -p MainPID docker"
    before = docker_host.exec(state).stdout
    grant = ["access", "web", "--no-encrypt", "--grant", "bob"]
    refused = docker_machine.run(*grant, "-o", "bundle", limit=LIMIT)
    assert refused.code == 1 and 'bob was not granted access to "web": its running containers would stop' in refused.err
    assert "--stop-containers" in refused.err and not (docker_machine.home / "bundle").exists()
    nowhere = docker_machine.run(*grant, "-o", "nowhere/bundle", limit=LIMIT)
    assert nowhere.code == 1 and "no such file or directory" in nowhere.err
    # A user's sshd may read another file: the new key is tried before the engine is touched.
    docker_host.exec("mkdir /etc/keys && cp /root/.ssh/authorized_keys /etc/keys/root && "
                     "echo 'AuthorizedKeysFile /etc/keys/%u' >/etc/ssh/sshd_config.d/keys.conf && systemctl reload ssh")
    unread = docker_machine.run(*grant, "-o", "bundle", "--stop-containers", limit=LIMIT)
    assert unread.code == 1 and "the machine's SSH server does not take the new key" in unread.err
    docker_host.exec("rm /etc/ssh/sshd_config.d/keys.conf && systemctl reload ssh")
    assert docker_host.exec(state).stdout == before

    told = docker_machine.run(*grant, "-o", "bundle", "--stop-containers", limit=LIMIT)
    assert told.code == 0 and "Its running containers stop with the engine, since its engine is part of a swarm" in told.err
    docker_host.exec("docker start web")
    half = docker_machine.run("access", "web", "--revoke", "bob", limit=LIMIT)
    assert half.code == 1 and 'The SSH key of bob does not open "web" any more.' in half.err
    assert "is not quite revoked: the engine still takes the certificate: its running containers would stop" in half.err
    assert re.search(r"^bob +20\d\d-\d\d-\d\d *$", docker_machine("access", "web"), re.M)
    docker_machine("access", "web", "--revoke", "bob", "--stop-containers", limit=LIMIT)
    assert docker_machine("access", "web").splitlines()[1:] == []

    # The connection broke when the file was changed and the engine not yet restarted: the same command goes on.
    docker_host.write("/etc/docker/ca.pem.unread", b"")
    engine = engine_process(docker_host)
    assert "has not been restarted since" in docker_machine.run("access", "web").err
    docker_machine("access", "web", "--revoke", "bob", "--stop-containers", limit=LIMIT)
    assert engine_process(docker_host) != engine and "unread" not in docker_host.exec("ls /etc/docker").stdout
