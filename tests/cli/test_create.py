"""`create` with the none driver: what it prints and leaves, and what it refuses."""

import os
import re
import shutil

import pytest

from store import (assert_certificates, assert_whole, config_file, config_of, openssl, recorded, refusing_url, same_key, visible)

RECORDED_URL = "tcp://192.0.2.7:2376"


def create(docker_machine, name="web-1", *more, url=RECORDED_URL, **options):
    return docker_machine("create", "-d", "none", "--url", url, *more, name, **options)


def refused(docker_machine, *arguments, code=1, **more):
    result = docker_machine.run(*arguments, **more)
    assert result.code == code, str(result)
    return result


def listing(folder):
    return {entry.relative_to(folder).as_posix(): oct(entry.stat().st_mode & 0o777) for entry in folder.rglob("*")}


def recorded_modes():
    """store-listing.txt as {path: mode}, of what `create` with none makes."""
    modes = {}
    for part in recorded("store-listing.txt", "").split("\n\n"):
        folder, _, *lines = part.strip().splitlines()
        for line in lines:
            mode, name = line.split()[0], line.split()[-1]
            bits = sum(4 >> (i % 3) << (6 - i // 3 * 3) for i, letter in enumerate(mode[1:10]) if letter != "-")
            if name not in (".", ".."):
                modes[f"{folder.rstrip(':')}/{name}".lstrip("/")] = oct(bits)
    return {path: mode for path, mode in modes.items() if "gen-1" not in path and path != "no-error-report"}


def test_first_create_is_as_recorded(bare):
    shown = create(bare)
    assert shown == recorded("create-none.txt", bare.store).replace("run: docker-machine ", f"run: {bare.binary} ")
    file = config_file(bare.store, "web-1")
    assert file.read_bytes() == recorded("store-v3/machines/web-1/config.json", bare.store).encode()

    found = listing(bare.store)
    expected = recorded_modes()
    assert len(expected) == 8, "the recording is read wrongly"
    assert {path: mode for path, mode in found.items() if path in expected} == expected
    ours = {path for path in found if path not in expected}
    assert ours == {"machines/web-1/notes.json", "locks"} | {path for path in ours if path.startswith("locks/")}
    assert oct(bare.store.stat().st_mode & 0o777) == "0o700"
    assert_certificates(bare.store)


def extensions(text):
    """The part of `openssl x509 -text` that says what a certificate may be used for, without its key's digest."""
    part = text[text.index("X509v3 extensions:"):text.index("Signature Algorithm:", text.index("X509v3 extensions:"))]
    return sorted(line.strip() for line in re.sub(r"([0-9A-F]{2}:){19}[0-9A-F]{2}", "DIGEST", part).splitlines())


@pytest.mark.parametrize("file, recording, organization", [("ca.pem", "ca-certificate.txt", "O = unknown"),
                                                           ("cert.pem", "client-certificate.txt", "O = unknown.<bootstrap>")])
def test_certificates_are_as_recorded(certificates, file, recording, organization):
    ours, theirs = openssl("x509", "-noout", "-text", "-in", certificates / file), recorded(recording)
    assert extensions(ours) == extensions(theirs)
    for text in (ours, theirs):
        assert f"Subject: {organization}\n" in text.replace("O=", "O = ").replace('"', "")
        assert "Issuer: O = unknown\n" in text and "Public-Key: (2048 bit)" in text and "Version: 3" in text
        assert "Signature Algorithm: sha256WithRSAEncryption" in text
        assert re.search(r"Not Before: \w+ +\d+ \d+:\d\d:00 ", text)
    for key in ("ca-key.pem", "key.pem"):
        assert (certificates / key).read_text().startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert openssl("x509", "-in", certificates / file, "-noout", "-checkend", str(1079 * 86400)) == "Certificate will not expire\n"


def test_organization_is_the_user(bare):
    create(bare, environment={"USER": "alice"})
    assert "O = alice" in openssl("x509", "-noout", "-subject", "-in", bare.store / "certs" / "ca.pem")
    assert "O = alice.<bootstrap>" in openssl("x509", "-noout", "-subject", "-in", bare.store / "certs" / "cert.pem").replace('"', "")


def test_second_create_uses_the_same_certificates(docker_machine):
    create(docker_machine, "a")
    before = {file.name: (file.read_bytes(), file.stat().st_ino) for file in (docker_machine.store / "certs").iterdir()}
    assert create(docker_machine, "b").splitlines()[0] == "Running pre-create checks..."
    after = {file.name: (file.read_bytes(), file.stat().st_ino) for file in (docker_machine.store / "certs").iterdir()}
    assert after == before and set(before) == {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"}
    assert_whole(docker_machine.store, ["a", "b"])


def test_original_name_forms(docker_machine):
    name = "runner-abcdefgh-prefix-1700000000-0123abcd" + "x" * 60
    for url, address in (("localhost", ""), ("unix:///var/run/docker.sock", ""), ("tcp://[::1]:2376", "[::1]:2376")):
        create(docker_machine, name, url=url)
        assert config_of(docker_machine.store, name)["Driver"]["URL"] == url
        assert config_of(docker_machine.store, name)["Driver"]["IPAddress"] == address
        docker_machine("rm", "-y", name)


@pytest.mark.parametrize("words, message", [
    (["bad_name"], "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"),
    (["-d=none", "--", "-x"], "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"),
    ([""], "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"),
    ([".hidden"], "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"),
    (["a/b"], "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"),
    (["a", "b", "c"], "Invalid command line. Found extra arguments [b c]"),
    (["--swarm-discovery", "foo", "a"], "Error parsing swarm discovery: Swarm Discovery URL was in the wrong format: foo"),
    (["a", "--url="], "Error setting machine configuration from flags provided: --url option is required when no driver "
                      "is selected"),
    (["a", "--url", "tcp://%zz"], 'Error setting machine configuration from flags provided: parse "tcp://%zz": invalid URL '
                                  'escape "%zz"'),
])
def test_refused(bare, words, message):
    result = refused(bare, "create", "-d", "none", "--url", RECORDED_URL, *words)
    assert result.err == message + "\n" and result.out == ""
    assert not bare.store.exists(), "a line that is wrong leaves nothing"


def test_refused_without_a_name(bare):
    result = refused(bare, "create", "-d", "none", "--url", RECORDED_URL)
    assert result.err == "Error: No machine name specified\n"
    assert result.out.startswith("Usage: docker-machine create [OPTIONS] [arg...]\n")
    assert not bare.store.exists()


@pytest.mark.parametrize("words", [["-d", "nosuch"], ["-d=nosuch"], ["--driver", "nosuch"], ["--driver=nosuch"],
                                   ["-driver", "nosuch"], ["--d=nosuch"]])
def test_unknown_driver(bare, words):
    result = refused(bare, "create", *words, "a")
    assert result.err == ('Driver "nosuch" not found. Do you have the plugin binary "docker-machine-driver-nosuch" accessible '
                          "in your PATH?\n")
    assert not bare.store.exists()


def test_driver_without_a_name(bare):
    result = refused(bare, "create", "-d", "", "a")
    assert 'Driver "" not found.' in result.err
    assert not bare.store.exists()


def test_name_in_use(docker_machine):
    create(docker_machine, "a")
    before = config_file(docker_machine.store, "a").read_bytes()
    result = refused(docker_machine, "create", "-d", "none", "--url", refusing_url(), "a")
    assert result.err == 'Docker machine "a" already exists\n' and result.out == ""
    assert config_file(docker_machine.store, "a").read_bytes() == before
    (docker_machine.store / "machines" / "file").write_text("not a folder, but the name is taken")
    assert refused(docker_machine, "create", "-d", "none", "--url", refusing_url(), "file").err == (
        'Docker machine "file" already exists\n')


TLS_FLAGS = {"--tls-ca-cert": ("ca.pem", "CaCertPath"), "--tls-ca-key": ("ca-key.pem", "CaPrivateKeyPath"),
             "--tls-client-cert": ("cert.pem", "ClientCertPath"), "--tls-client-key": ("key.pem", "ClientKeyPath")}


@pytest.mark.parametrize("through", ["flags", "variables"])
def test_certificates_of_the_users_own(bare, certificates, tmp_path, through):
    own = tmp_path / "own"
    shutil.copytree(certificates, own)
    before = listing(own), {file.name: file.read_bytes() for file in own.iterdir()}
    words = [f"{flag}={own / file}" for flag, (file, _) in TLS_FLAGS.items()]
    variables = {"MACHINE_" + flag[2:].upper().replace("-", "_"): str(own / file) for flag, (file, _) in TLS_FLAGS.items()}
    line = ["create", "-d", "none", "--url", RECORDED_URL, "a"]
    shown = bare(*words, *line) if through == "flags" else bare(*line, environment=variables)
    assert shown.splitlines()[0] == "Running pre-create checks...", "nothing is to be made"
    auth = config_of(bare.store, "a")["HostOptions"]["AuthOptions"]
    assert {auth[key] for _, key in TLS_FLAGS.values()} == {str(own / file) for file, _ in TLS_FLAGS.values()}
    assert auth["CertDir"] == str(bare.store / "certs")
    assert (listing(own), {file.name: file.read_bytes() for file in own.iterdir()}) == before
    certs = bare.store / "certs"
    assert not certs.exists() or list(certs.iterdir()) == []


def test_client_certificate_from_the_users_authority(bare, certificates, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    for file in ("ca.pem", "ca-key.pem"):
        shutil.copy(certificates / file, own)
    shown = bare("--tls-ca-cert", own / "ca.pem", "--tls-ca-key", own / "ca-key.pem", "create", "-d", "none", "--url", RECORDED_URL, "a")
    assert shown.splitlines()[0] == f"Creating client certificate: {bare.store}/certs/cert.pem"
    assert sorted(os.listdir(bare.store / "certs")) == ["cert.pem", "key.pem"]
    openssl("verify", "-CAfile", own / "ca.pem", bare.store / "certs" / "cert.pem")


def test_folder_for_the_authority_is_missing(bare, tmp_path):
    path = tmp_path / "no" / "ca.pem"
    result = refused(bare, "--tls-ca-cert", path, "--tls-ca-key", tmp_path / "no" / "ca-key.pem", "create", "-d", "none", "--url",
                     RECORDED_URL, "a")
    assert re.fullmatch(r"Error generating certificates: generating CA certificate failed: open \S+: no such file or directory\n",
                        result.err)
    assert not path.parent.exists() and visible(bare.store) == []


@pytest.mark.parametrize("lost, message", [("ca.pem", "certificate authority key already exists"),
                                           ("cert.pem", "client key already exists")])
def test_a_key_without_its_certificate_is_never_overwritten(docker_machine, lost, message):
    certs = docker_machine.store / "certs"
    (certs / lost).unlink()
    before = {file.name: file.read_bytes() for file in certs.iterdir()}
    result = refused(docker_machine, "create", "-d", "none", "--url", RECORDED_URL, "a")
    assert result.err.startswith("Error generating certificates: ") and result.err.endswith(f": {message}\n")
    assert {file.name: file.read_bytes() for file in certs.iterdir()} == before
    assert visible(docker_machine.store) == []


def test_certificate_that_is_none(docker_machine):
    (docker_machine.store / "certs" / "ca.pem").write_text("nonsense")
    result = refused(docker_machine, "create", "-d", "none", "--url", RECORDED_URL, "a")
    assert result.err.startswith("Error generating certificates: ")
    assert "Failed to decode PEM data" in result.err and "ca.pem" in result.err
    assert visible(docker_machine.store) == []


def test_expired_authority_is_made_anew_with_its_client(docker_machine, tmp_path):
    certs = docker_machine.store / "certs"
    openssl("req", "-new", "-key", certs / "ca-key.pem", "-subj", "/O=unknown", "-out", tmp_path / "request.pem")
    openssl("x509", "-req", "-in", tmp_path / "request.pem", "-signkey", certs / "ca-key.pem", "-days", "-1", "-out", certs / "ca.pem")
    old_key = (certs / "ca-key.pem").read_bytes()
    shown = create(docker_machine).splitlines()
    assert shown[:4] == ["CA certificate is outdated and needs to be regenerated", f"Creating CA: {certs}/ca.pem",
                         "Client certificate is outdated and needs to be regenerated",
                         f"Creating client certificate: {certs}/cert.pem"]
    assert (certs / "ca-key.pem").read_bytes() != old_key
    assert_certificates(docker_machine.store)


def test_expired_client_certificate_is_made_anew(docker_machine, tmp_path):
    certs = docker_machine.store / "certs"
    authority = (certs / "ca.pem").read_bytes()
    openssl("req", "-new", "-key", certs / "key.pem", "-subj", "/O=unknown.<bootstrap>", "-out", tmp_path / "request.pem")
    openssl("x509", "-req", "-in", tmp_path / "request.pem", "-CA", certs / "ca.pem", "-CAkey", certs / "ca-key.pem",
            "-set_serial", "7", "-days", "-1", "-out", certs / "cert.pem")
    shown = create(docker_machine).splitlines()
    assert shown[:2] == ["Client certificate is outdated and needs to be regenerated",
                         f"Creating client certificate: {certs}/cert.pem"]
    assert (certs / "ca.pem").read_bytes() == authority
    assert_certificates(docker_machine.store)


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_debug_output_holds_no_key(bare, tmp_path, how):
    """Neither of the keys that create makes nor of the SSH key that it imports."""
    key = tmp_path / "id"
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    options = {"environment": {"MACHINE_DEBUG": "true"}} if how == "variable" else {}
    flag = ["--debug"] if how == "flag" else []
    first = bare.run(*flag, "create", "-d", "none", "--url", RECORDED_URL, "a", **options)
    assert first.code == 0 and "Docker Machine Version:  " in first.err
    running = bare.start(*flag, "create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port", "1",
                         "--generic-ssh-key", key, "g", **options)
    try:
        while not (bare.store / "machines" / "g" / "id").exists():
            assert running.alive
        running.signal()
        second = running.finish(limit=10)
    finally:
        running.abandon()
    shown = first.out + first.err + second.out + second.err
    assert "PRIVATE KEY" not in shown
    for file in (bare.store / "certs" / "ca-key.pem", bare.store / "certs" / "key.pem", key):
        for line in file.read_text().splitlines()[1:-1]:
            assert line[:24] not in shown, f"a line of {file.name} is shown"
    assert same_key(bare.store / "certs" / "ca.pem", bare.store / "certs" / "ca-key.pem")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("x") and path.chmod(0)])
def test_ssh_key_that_cannot_be_read(docker_machine, tmp_path, make):
    path = tmp_path / "key"
    make(path)
    if path.is_file() and os.access(path, os.R_OK):
        pytest.skip("root may read every file")
    result = refused(docker_machine, "create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-key", path, "g", code=3)
    if path.exists():
        assert result.err.startswith('Error with pre-create check: "') and str(path) in result.err
    else:
        assert result.err == f'Error with pre-create check: "SSH key does not exist: \\"{path}\\""\n'
    assert result.out == "Running pre-create checks...\n"
    assert visible(docker_machine.store) == []
    assert docker_machine("ls", "-q") == ""


def test_generic_needs_an_address(docker_machine):
    result = refused(docker_machine, "create", "-d", "generic", "g")
    assert result.err == ("Error setting machine configuration from flags provided: generic driver requires the "
                          "--generic-ip-address option\n")
    assert visible(docker_machine.store) == []


def test_settings_of_classic_swarm_are_kept(docker_machine, make_engine):
    """Each under the original's key; `--swarm` of config and env asks at the master's own port."""
    engine = make_engine(docker_machine.store)
    manager = make_engine(docker_machine.store)
    port = manager.url.rpartition(":")[2]
    create(docker_machine, "boss", "--swarm", "--swarm-master", "--swarm-discovery", "token://1", "--swarm-strategy", "binpack",
           "--swarm-opt", "replication", "--swarm-opt", "a=b", "--swarm-join-opt", "ttl=20s", "--swarm-host", f"tcp://0.0.0.0:{port}",
           "--swarm-addr", "192.0.2.1", "--swarm-image", "swarm:1.2", "--swarm-experimental", url=engine.url)
    assert config_of(docker_machine.store, "boss")["HostOptions"]["SwarmOptions"] == {
        "IsSwarm": True, "Address": "192.0.2.1", "Discovery": "token://1", "Agent": True, "Master": True,
        "Host": f"tcp://0.0.0.0:{port}", "Image": "swarm:1.2", "Strategy": "binpack", "Heartbeat": 0, "Overcommit": 0,
        "ArbitraryFlags": ["replication", "a=b"], "ArbitraryJoinFlags": ["ttl=20s"], "Env": None, "IsExperimental": True}
    create(docker_machine, "worker", "--swarm", "--swarm-discovery", "token://1", url=refusing_url())
    assert docker_machine("ls", "--format", "{{.Name}}: {{.Swarm}}") == "boss: boss (master)\nworker: boss\n"

    assert docker_machine("config", "--swarm", "boss").splitlines()[-1] == f"-H={manager.url}"
    assert f'DOCKER_HOST="{manager.url}"' in docker_machine("env", "--swarm", "--shell", "sh", "boss")
    assert docker_machine("ls", "--format", "{{.Active}}", "--filter", "name=boss",
                          environment={"DOCKER_HOST": manager.url}) == "* (swarm)\n"
    create(docker_machine, "asleep", "--swarm", "--swarm-master", "--swarm-host", "tcp://0.0.0.0:1", url=engine.url)
    stopped = refused(docker_machine, "config", "--swarm", "asleep")
    assert "Connection to Swarm cannot be checked but the certs are valid. Maybe swarm is not started" in stopped.err
