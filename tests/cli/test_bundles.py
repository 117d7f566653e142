"""Machines that move between two computers: `export`, `import`, `backup`, `restore`, and everything that is refused."""

import fcntl
import json
import os
import random
import shutil
import subprocess
import time

import pytest

import cli
from bundles import PASSPHRASE, files_of, files_of_tar, make_bundle, tree
from store import add_machine, assert_certificates, assert_whole, config_of, generic, rows_of, visible

PASSPHRASE_LIMIT = 60


@pytest.fixture
def passphrase(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    return file


@pytest.fixture
def here(docker_machine, make_engine):
    """A computer with the machine `web`, whose engine answers."""
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "web", engine.url)
    return docker_machine


@pytest.fixture(scope="session")
def other_certificates(binary, tmp_path_factory):
    maker = cli.DockerMachine(binary, tmp_path_factory.mktemp("other-authority"))
    maker("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "first")
    return maker.store / "certs"


@pytest.fixture
def there(binary, tmp_path, other_certificates, make_engine):
    """Another computer, with another home, another authority, and the machine `own`, whose engine answers."""
    other = cli.DockerMachine(binary, tmp_path / "another place" / "home")
    other.store.mkdir(parents=True, mode=0o700)
    shutil.copytree(other_certificates, other.store / "certs")
    add_machine(other.store, "own", make_engine(other.store).url)
    return other


@pytest.fixture
def plain(here, tmp_path):
    """An export of `web` that is not encrypted."""
    here("export", "web", "-o", tmp_path / "plain", "--no-encrypt")
    return tmp_path / "plain"


def works(machine, name):
    """`env` succeeds only after a connection over TLS with what is in the store."""
    shown = machine("env", "--shell", "bash", name)
    assert f'DOCKER_CERT_PATH="{machine.store}/machines/{name}"' in shown
    return True


def refused(machine, *arguments, **more):
    """A command that must fail, and change nothing in the store; what it says."""
    before = tree(machine.store)
    result = machine.run(*arguments, **more)
    assert result.code == 1, str(result)
    assert tree(machine.store) == before, str(result)
    assert not [name for name in os.listdir(machine.store) if name.startswith(".")]
    assert "Unexpected" not in result.err
    return result.err


def test_machines_of_two_authorities_live_side_by_side(here, there, passphrase, tmp_path):
    file = tmp_path / "bundle"
    assert here("export", "web", "-o", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" not in file.read_bytes() and b"web" not in file.read_bytes()
    authority = tree(there.store / "certs")
    assert there("import", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT) == 'Machine "web" is here now.\n'
    assert_whole(there.store, ["own", "web"])
    assert works(there, "web") and works(there, "own") and works(here, "web")
    assert str(here.home) not in (there.store / "machines/web/config.json").read_text()
    # What docker itself reads is the other computer's.
    for name in ("ca.pem", "cert.pem", "key.pem"):
        assert (there.store / "machines/web" / name).read_text() == (here.store / "certs" / name).read_text()
    assert {name: content for name, content in tree(there.store / "certs").items() if "authorities" not in name} == authority
    assert_certificates(there.store)
    rows = rows_of(there("ls"))
    assert rows["web"]["DOCKER"] == rows["own"]["DOCKER"] == "v20.10.24+dfsg1"
    # The authority's private key has not travelled.
    assert not list((there.store / "certs" / "authorities").rglob("ca-key.pem"))
    # And on: what was imported can be exported again.
    there("export", "web", "own", "-o", tmp_path / "again", "--no-encrypt")
    back = here("import", tmp_path / "again", "--as", "web=web-2")
    assert back == 'Machine "own" is here now.\nMachine "web-2" is here now.\n'
    assert works(here, "own") and works(here, "web-2")


def test_a_bundle_imported_twice_changes_nothing(here, there, plain):
    there("import", plain)
    before = tree(there.store)
    assert there("import", plain) == 'Machine "web" is here already.\n'
    assert tree(there.store) == before


def test_a_machine_of_the_same_authority_uses_ours(binary, here, tmp_path, plain):
    twin = cli.DockerMachine(binary, tmp_path / "twin")
    twin.store.mkdir(parents=True, mode=0o700)
    shutil.copytree(here.store / "certs", twin.store / "certs")
    twin("import", plain)
    assert config_of(twin.store, "web")["HostOptions"]["AuthOptions"]["CaCertPath"] == f"{twin.store}/certs/ca.pem"
    assert not (twin.store / "certs" / "authorities").exists()
    assert works(twin, "web")


def test_an_authority_goes_with_the_last_machine_that_uses_it(here, there, plain, tmp_path):
    before = tree(there.store / "certs")
    there("import", plain)
    there("import", plain, "--as", "web=web-2")
    there("rm", "-y", "web")
    assert works(there, "web-2")
    there("rm", "-y", "web-2")
    assert tree(there.store / "certs" / "authorities") == {}
    # Its private key may be nowhere else: that stays.
    with_key = tmp_path / "with-key"
    here("export", "web", "-o", with_key, "--no-encrypt", "--with-ca-key")
    there("import", with_key)
    there("rm", "-y", "web")
    assert len(list((there.store / "certs" / "authorities").rglob("ca-key.pem"))) == 1
    assert {name: content for name, content in tree(there.store / "certs").items() if "authorities" not in name} == before


def test_import_on_a_computer_without_anything(binary, tmp_path, here, plain):
    fresh = cli.DockerMachine(binary, tmp_path / "fresh")
    fresh("import", plain)
    assert works(fresh, "web")
    fresh("create", "-d", "none", "--url", "tcp://127.0.0.1:1", "new")
    assert_certificates(fresh.store)
    assert works(fresh, "web")


def test_names_that_are_taken(here, there, plain, tmp_path, make_engine):
    add_machine(there.store, "web", make_engine(there.store).url)
    assert refused(there, "import", plain) == (
        'Docker machine "web" already exists. Nothing was imported. Give the new one another name: --as web=NEW\n')
    there("import", plain, "--as", "theirs")
    assert_whole(there.store, ["own", "theirs", "web"])
    assert works(there, "theirs") and works(there, "web")
    # One of two is taken: neither comes.
    add_machine(here.store, "more", "tcp://127.0.0.1:1")
    here("export", "more", "web", "-o", tmp_path / "two", "--no-encrypt")
    refused(there, "import", tmp_path / "two")
    assert "say --as OLD=NEW" in refused(there, "import", tmp_path / "two", "--as", "x")
    assert 'no machine "nosuch"' in refused(there, "import", tmp_path / "two", "--as", "nosuch=x")
    assert 'cannot both be named "x"' in refused(there, "import", tmp_path / "two", "--as", "web=x", "--as", "more=x")
    assert "cannot be the name of a machine" in refused(there, "import", tmp_path / "two", "--as", "web=../x")
    assert "takes NEW or OLD=NEW" in refused(there, "import", tmp_path / "two", "--as", "web=")
    assert "two names" in refused(there, "import", tmp_path / "two", "--as", "a=b", "--as", "a=c")


def test_a_renamed_machine_keeps_its_pinned_key_and_login(here, there, tmp_path):
    """A generic machine whose key lies outside the store."""
    key = tmp_path / "keys" / "mine"
    key.parent.mkdir()
    key.write_text("the private key")
    key.with_name("mine.pub").write_text("the public key")

    def change(document):
        document["DriverName"] = "generic"
        document["Driver"].update({"IPAddress": "192.0.2.1", "SSHUser": "admin", "SSHPort": 2222, "SSHKeyPath": str(key),
                                   "EnginePort": 2376, "SSHKey": str(key), "Future": {"path": f"{here.store}/machines/gen/x"}})

    add_machine(here.store, "gen", "tcp://192.0.2.1:2376", change)
    (here.store / "machines/gen/known_hosts").write_text("gen ssh-ed25519 AAAA\nother ssh-ed25519 BBBB\n")
    here("export", "gen", "-o", tmp_path / "bundle", "--no-encrypt")
    there("import", tmp_path / "bundle", "--as", "Renamed")
    folder = there.store / "machines/Renamed"
    driver = config_of(there.store, "Renamed")["Driver"]
    assert driver["MachineName"] == "Renamed" and driver["StorePath"] == str(there.store)
    assert driver["SSHKeyPath"] == str(folder / "ssh-key") and driver["Future"] == {"path": str(folder / "x")}
    assert (folder / "ssh-key").read_text() == "the private key" and (folder / "ssh-key").stat().st_mode & 0o777 == 0o600
    assert (folder / "ssh-key.pub").read_text() == "the public key"
    assert (folder / "known_hosts").read_text() == "renamed ssh-ed25519 AAAA\nother ssh-ed25519 BBBB\n"
    # Nobody can sign for it here, and that is said before anybody is asked.
    for command in (["provision"], ["regenerate-certs", "-f"], ["regenerate-certs", "-f", "--client-certs"]):
        assert "docker-machine regenerate-certs --adopt-ca Renamed" in refused(there, *command, "Renamed", limit=10)
    there("rm", "-y", "Renamed")
    key.rename(key.with_name("lost"))
    said = refused(here, "export", "gen", "-o", tmp_path / "x", "--no-encrypt")
    assert f'the SSH key of machine "gen" is not there: {key}' in said


def test_a_machine_without_a_key_says_so(here, there, tmp_path):
    def change(document):
        document["DriverName"] = "generic"
        document["Driver"].update({"IPAddress": "192.0.2.1", "SSHKeyPath": "", "EnginePort": 2376, "SSHKey": ""})

    add_machine(here.store, "gen", "tcp://192.0.2.1:2376", change)
    result = here.run("export", "gen", "-o", tmp_path / "bundle", "--no-encrypt")
    assert result.code == 0 and '"gen" has no SSH key of its own' in result.err
    result = there.run("import", tmp_path / "bundle")
    assert result.code == 0 and '"gen" came without an SSH key' in result.err


def test_the_authoritys_key_travels_when_asked_for(here, there, tmp_path):
    here("export", "web", "--with-ca-key", "-o", tmp_path / "bundle", "--no-encrypt")
    there("import", tmp_path / "bundle")
    auth = config_of(there.store, "web")["HostOptions"]["AuthOptions"]
    with open(auth["CaPrivateKeyPath"], encoding="ascii") as key:
        assert key.read() == (here.store / "certs/ca-key.pem").read_text()
    assert os.stat(auth["CaPrivateKeyPath"]).st_mode & 0o777 == 0o600


def test_a_machine_that_came_is_known_to_ssh_and_docker(here, there, tmp_path):
    """As one that was made here, where the user's other programs are kept in step."""
    add_machine(here.store, "gen", "tcp://192.0.2.1:2376", generic(22, address="192.0.2.1"))
    here("export", "gen", "-o", tmp_path / "bundle", "--no-encrypt")
    there("ssh-config", "--install")
    there("context", "--always")
    result = there.run("import", tmp_path / "bundle", environment={"PATH": str(tmp_path)})
    assert result.code == 0 and '"gen" has no docker context: Contexts belong to the docker client' in result.err, str(result)
    assert "Host gen gen.docker-machine" in (there.store / "ssh_config").read_text()


def test_ssh_knows_all_machines_that_come_at_once(here, there, tmp_path):
    """Each import writes the file of all machines anew, and none undoes another's."""
    add_machine(here.store, "gen", "tcp://192.0.2.1:2376", generic(22, address="192.0.2.1"))
    here("export", "gen", "-o", tmp_path / "bundle", "--no-encrypt")
    there("ssh-config", "--install")
    names = [f"gen-{number}" for number in range(12)]
    running = [there.start("import", tmp_path / "bundle", "--as", name) for name in names]
    assert [one.finish().code for one in running] == [0] * len(names)
    hosts = [line.split()[1] for line in (there.store / "ssh_config").read_text().splitlines() if line.startswith("Host ")]
    assert hosts == sorted(names)


def test_the_authoritys_key_comes_later(here, there, plain, tmp_path):
    """What an error of provision advises: export it there again with --with-ca-key."""
    there("import", plain)
    here("export", "web", "--with-ca-key", "-o", tmp_path / "again", "--no-encrypt")
    assert there("import", tmp_path / "again") == (
        'Machine "web" is here already.\nThe private key of the authority of "web" is here now.\n')
    [key] = (there.store / "certs" / "authorities").rglob("ca-key.pem")
    assert key.read_bytes() == (here.store / "certs/ca-key.pem").read_bytes() and key.stat().st_mode & 0o777 == 0o600
    assert there("import", tmp_path / "again") == 'Machine "web" is here already.\n'


def test_a_passphrase_typed_twice(here, there, tmp_path):
    with here.terminal("export", "web", "-o", tmp_path / "bundle") as terminal:
        terminal.expect("Passphrase for the bundle: ")
        terminal.send("secret one\r")
        terminal.expect("The same again: ")
        terminal.send("secret one\r")
        assert terminal.finish(PASSPHRASE_LIMIT) == 0
        assert "secret" not in terminal.shown
    with there.terminal("import", tmp_path / "bundle") as terminal:
        terminal.expect("Passphrase of the bundle: ")
        terminal.send("secret one\r")
        terminal.expect('Machine "web" is here now.')
        assert terminal.finish(PASSPHRASE_LIMIT) == 0
        assert "secret" not in terminal.shown
    with here.terminal("export", "web", "-o", tmp_path / "differ") as terminal:
        terminal.expect("Passphrase for the bundle: ")
        terminal.send("secret one\r")
        terminal.expect("The same again: ")
        terminal.send("secret two\r")
        terminal.expect("The two passphrases differ: nothing was written")
        assert terminal.finish(10) == 1
    assert not (tmp_path / "differ").exists()
    with here.terminal("export", "web", "-o", tmp_path / "differ") as terminal:
        terminal.expect("Passphrase for the bundle: ")
        terminal.send("\x03")
        terminal.expect("Cancelled.")
        assert terminal.finish(10) == 130


def test_pipes(here, there):
    """A bundle is the whole standard output, and comes in as the whole standard input."""
    first = subprocess.Popen([here.binary, "export", "web", "-o", "-", "--no-encrypt"], env=here.environment,
                             stdout=subprocess.PIPE, start_new_session=True)
    second = subprocess.run([there.binary, "import", "-"], env=there.environment, stdin=first.stdout, capture_output=True,
                            text=True, timeout=60, check=False, start_new_session=True)
    first.stdout.close()
    assert first.wait(10) == 0 and second.returncode == 0, second.stderr
    assert second.stdout == 'Machine "web" is here now.\n' and works(there, "web")


def test_wrong_command_lines(here, tmp_path, passphrase):
    file = tmp_path / "bundle"
    assert "Say where to write it" in refused(here, "export", "web")
    assert "exclude each other" in refused(here, "export", "web", "-o", file, "--no-encrypt", "--passphrase-file", passphrase)
    assert "There is no terminal to ask for a passphrase" in refused(here, "export", "web", "-o", file)
    assert 'Docker machine "nosuch" does not exist' in refused(here, "export", "nosuch", "-o", file, "--no-encrypt")
    assert "exists already" in refused(here, "export", "web", "-o", passphrase, "--no-encrypt")
    assert "--as goes with --to" in refused(here, "export", "web", "-o", file, "--no-encrypt", "--as", "x")
    assert "--to writes no file" in refused(here, "export", "web", "-o", file, "--to", "nowhere.invalid")
    (tmp_path / "empty").write_text("\n")
    assert "no passphrase" in refused(here, "export", "web", "-o", file, "--passphrase-file", tmp_path / "empty")
    assert not file.exists()
    assert "Expected one file" in refused(here, "import")
    assert "no such file" in refused(here, "import", tmp_path / "nosuch")
    assert "this is no bundle of docker-machine's" in refused(here, "import", passphrase)


def test_a_wrong_passphrase_and_a_damaged_file(here, there, passphrase, tmp_path):
    file = tmp_path / "bundle"
    here("export", "web", "-o", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    wrong = tmp_path / "wrong"
    wrong.write_text(PASSPHRASE + "!")
    assert "the passphrase is wrong, or the file was altered or cut" in refused(there, "import", file, "--passphrase-file", wrong,
                                                                               limit=PASSPHRASE_LIMIT)
    whole = file.read_bytes()
    body = whole.index(b"\n") + 1
    generator = random.Random(5)
    damaged = [whole[:-1], whole[:len(whole) // 2], whole[:body + 10], whole + b"x", whole[:20],
               whole.replace(b"bundle 1", b"bundle 2", 1)]
    for place in (body + 10, generator.randrange(body + 40, len(whole))):
        damaged.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
    for content in damaged:
        file.write_bytes(content)
        refused(there, "import", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    assert works(there, "own")


def test_damage_of_a_file_that_is_not_encrypted(there, plain):
    whole = plain.read_bytes()
    generator = random.Random(6)
    for _ in range(60):
        kind, place = generator.randrange(4), generator.randrange(len(whole))
        content = {0: whole[:place], 1: whole + bytes(generator.randrange(1, 2000)),
                   2: whole[:place] + bytes([whole[place] ^ (1 << generator.randrange(8))]) + whole[place + 1:],
                   3: whole[:place] + whole[place + 1 + generator.randrange(100):]}[kind]
        plain.write_bytes(content)
        refused(there, "import", plain)
    plain.write_bytes(whole)
    there("import", plain)


def test_hostile_bundles(there, plain):
    """Their digests are right, as those of whoever knows a public key of ours would be."""
    files = files_of(plain.read_bytes())

    def told(message, new_files=None, **changes):
        plain.write_bytes(make_bundle(new_files or files, **changes))
        said = refused(there, "import", plain)
        assert message in said

    def with_driver(**values):
        document = json.loads(files["machines/web/config.json"])
        document["Driver"].update(values)
        return {**files, "machines/web/config.json": json.dumps(document).encode()}

    def as_link(entry):
        if entry.name.endswith("notes.json") or entry.name.endswith("ca.pem"):
            entry.type, entry.linkname, entry.size = b"2", "/etc/passwd", 0

    for name in ("../../evil", "/tmp/evil", "machines/web/../../evil", "machines//evil"):
        told("forbidden name", {**files, name: b"x"})
    for name in ("machines/web/.evil", "machines/web/a/b"):
        told("a file that no machine has", {**files, name: b"x"})
    told("no plain file", change_entry=as_link)
    told("refers to something on this computer", with_driver(URL="command:touch /tmp/evil"))
    told("refers to something on this computer", with_driver(Deep=[{"x": "file:~/.ssh/id_rsa"}]))
    told("is not to be trusted: SSHUser", with_driver(SSHUser="-oProxyCommand=touch /tmp/evil;"))
    told("is not to be trusted: IPAddress", with_driver(IPAddress="192.0.2.1\nProxyCommand evil"))
    told("made by a newer docker-machine", change_manifest=lambda manifest: manifest.update(Format=2))
    told("not known here", change_manifest=lambda manifest: manifest.update(Kind="spell"))
    told("holds no machines", change_manifest=lambda manifest: manifest["Facts"].update(Machines=[]))
    told("lacks the file", change_manifest=lambda manifest: manifest["Facts"]["Machines"][0].update(Key="../../x"))
    told("lacks the file", {name: content for name, content in files.items() if not name.endswith("/key.pem")})
    told("cannot be the name of a machine", change_manifest=lambda manifest: manifest["Facts"]["Machines"][0].update(Name="../x"))
    told("another version than 3", {**files, "machines/web/config.json":
                                    files["machines/web/config.json"].replace(b'"ConfigVersion": 3', b'"ConfigVersion": 4')})
    told('Driver "nosuch" not found', {**files, "machines/web/config.json":
                                       files["machines/web/config.json"].replace(b'"none"', b'"nosuch"')})
    # Paths of the bundle's own lead nowhere: all are made anew.
    document = json.loads(files["machines/web/config.json"])
    document["HostOptions"]["AuthOptions"].update(CaCertPath="/etc/passwd", StorePath="/etc", ClientKeyPath="/etc/shadow")
    document["Driver"].update(SSHKeyPath="/root/.ssh/id_rsa", StorePath="/etc")
    plain.write_bytes(make_bundle({**files, "machines/web/config.json": json.dumps(document).encode()}))
    there("import", plain)
    text = (there.store / "machines/web/config.json").read_text()
    assert "/etc" not in text and ".ssh" not in text
    assert works(there, "web")


def test_hostile_backups(here, there, tmp_path):
    """Who makes a file chooses its kind: what is refused in an export does not come in as a backup."""
    file = tmp_path / "backup"
    here("backup", "-o", file, "--no-encrypt")
    files = files_of(file.read_bytes())
    record = json.loads(files["machines/web/config.json"])

    def with_record(driver_name="none", auth=None, **values):
        document = json.loads(json.dumps(record))
        document["DriverName"] = driver_name
        document["Driver"].update(values)
        document["HostOptions"]["AuthOptions"].update(auth or {})
        file.write_bytes(make_bundle({**files, "machines/web/config.json": json.dumps(document).encode()}))

    outside = tmp_path / "of-the-user"
    outside.write_text("of nobody else")
    evil = tmp_path / "evil"
    for message, values in (("refers to something on this computer", {"URL": f"command:touch {evil}"}),
                            ("refers to something on this computer", {"Deep": [{"x": f"file:{outside}"}]}),
                            ("is not to be trusted: SSHUser", {"SSHUser": "-oProxyCommand=touch evil;"}),
                            ('Driver "nosuch" not found', {"driver_name": "nosuch"}),
                            (f'the SSH key of machine "web" is not there: {outside}', {"SSHKeyPath": str(outside)})):
        with_record(**values)
        assert message in refused(there, "import", file)
    # A provider's token that runs a command is taken out, however its key is written.
    for key in ("AccessToken", "accesstoken"):
        with_record("digitalocean", IPAddress="192.0.2.1", DropletID=1, Region="nyc3", **{key: f"command:touch {evil}"})
        result = there.run("import", file)
        assert result.code == 0 and "came without its provider's credentials" in result.err, str(result)
        assert "touch" not in (there.store / "machines/web/config.json").read_text()
        assert there.run("rm", "-f", "web").code == 0
        shutil.rmtree(there.store / "remains", ignore_errors=True)
    assert not evil.exists()
    # Of certificates that lie elsewhere, the copies in the machine's folder are what comes.
    places = ("CaCertPath", "CaPrivateKeyPath", "ClientCertPath", "ClientKeyPath")
    files.update({f"machines/web/{name}": files[f"certs/{name}"] for name in ("ca.pem", "cert.pem", "key.pem")})
    with_record(auth=dict.fromkeys(places, str(outside)))
    there("import", file)
    assert works(there, "web")
    assert b"of nobody else" not in b"".join(tree(there.store).values())


def test_a_full_disk_changes_nothing(binary, make_disk, plain):
    """At whatever file the disk becomes full."""
    disk = make_disk("64k")
    small = cli.DockerMachine(binary, disk / "home")
    small.store.mkdir(parents=True)
    failures = 0
    for free in range(16):
        (disk / "fill").write_bytes(bytes((16 - free) * 4096))
        if small.run("import", plain).code == 0:
            break
        assert "no space left on device" in refused(small, "import", plain)
        failures += 1
    assert failures > 4
    assert works(small, "web")


def test_killed_at_any_step(here, there, strace, tmp_path):
    """kill -9 at each renaming of the import of two machines: what is there is whole, and the same import goes on."""
    add_machine(here.store, "more", json.loads((here.store / "machines/web/config.json").read_text())["Driver"]["URL"])
    here("export", "web", "more", "-o", tmp_path / "two", "--no-encrypt")
    seen, steps = set(), 0
    for call in ("rename", "renameat2"):
        for step in range(1, 200):
            done = subprocess.run([strace, "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                   f"inject={call}:signal=KILL:when={step}", there.binary, "import", tmp_path / "two"],
                                  env=there.environment, capture_output=True, text=True, timeout=60, check=False)
            if done.returncode == 0:
                break
            steps += 1
            left = visible(there.store)
            seen.add(tuple(left))
            assert set(left) <= {"own", "web", "more"} and "own" in left
            assert_whole(there.store, left)
            assert all(works(there, name) for name in left)
            there("import", tmp_path / "two")
            assert visible(there.store) == ["more", "own", "web"] and works(there, "web") and works(there, "more")
            there("rm", "-y", "web", "more")
            shutil.rmtree(there.store / "certs" / "authorities")
        there("rm", "-y", "web", "more")
        shutil.rmtree(there.store / "certs" / "authorities")
    assert steps > 12 and seen == {("own",), ("more", "own")}
    assert not [path for path in (there.store / "machines").iterdir() if path.name.startswith(".")]


def test_for_recipients(here, there, tmp_path):
    """With age's own keys and with SSH keys; and what we write, the age program opens."""
    subprocess.run(["age-keygen", "-o", tmp_path / "age-key"], check=True, capture_output=True)
    made = subprocess.run(["age-keygen", "-y", tmp_path / "age-key"], check=True, capture_output=True, text=True)
    recipient = made.stdout.strip()
    ssh_key = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh_key], check=True)
    public = ssh_key.with_name("id_ed25519.pub")
    here("export", "web", "-o", tmp_path / "bundle", "--recipient", recipient, "--recipient", public)
    opened = subprocess.run(["age", "--decrypt", "-i", tmp_path / "age-key", tmp_path / "bundle"], check=True,
                            capture_output=True)
    assert "machines/web/config.json" in files_of_tar(opened.stdout)
    assert "give --identity FILE" in refused(there, "import", tmp_path / "bundle")
    subprocess.run(["age-keygen", "-o", tmp_path / "stranger"], check=True, capture_output=True)
    assert "cannot be opened" in refused(there, "import", tmp_path / "bundle", "--identity", tmp_path / "stranger")
    whole = (tmp_path / "bundle").read_bytes()
    for content in (whole[:-1], whole + b"x", whole[:-20] + b"x" + whole[-19:]):
        (tmp_path / "damaged").write_bytes(content)
        assert "cannot be opened" in refused(there, "import", tmp_path / "damaged", "--identity", tmp_path / "age-key")
    there("import", tmp_path / "bundle", "--identity", tmp_path / "age-key")
    assert works(there, "web")
    there("rm", "-y", "web")
    # The user's own SSH key is tried if no other is named.
    (there.home / ".ssh").mkdir()
    shutil.copy(ssh_key, there.home / ".ssh" / "id_ed25519")
    there("import", tmp_path / "bundle")
    here("export", "web", "-o", tmp_path / "line", "--recipient", public.read_text().strip())
    assert there("import", tmp_path / "line") == 'Machine "web" is here already.\n'
    assert "is neither a public key" in refused(here, "export", "web", "-o", tmp_path / "x", "--recipient", "bob")
    # A key with a passphrase asks for it on the terminal.
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "opensesame", "-f", locked], check=True)
    here("export", "web", "-o", tmp_path / "for-locked", "--recipient", tmp_path / "locked.pub")
    there("rm", "-y", "web")
    with there.terminal("import", tmp_path / "for-locked", "--identity", locked) as terminal:
        terminal.expect("assphrase")
        terminal.send("opensesame\r")
        terminal.expect('Machine "web" is here now.')
        assert terminal.finish(30) == 0
    without = {"PATH": str(tmp_path)}
    said = refused(here, "export", "web", "-o", tmp_path / "x", "--recipient", recipient, environment=without)
    assert "apt-get install age" in said
    assert "apt-get install age" in refused(there, "import", tmp_path / "bundle", "--identity", tmp_path / "age-key",
                                            environment=without)
    assert not (tmp_path / "x").exists()


def make_qemu(store, name="vm"):
    def change(document):
        document["DriverName"] = "qemu"
        document["Driver"].update({"IPAddress": "127.93.1.2", "SSHPort": 2222})

    add_machine(store, name, "tcp://127.93.1.2:2376", change)
    (store / "machines" / name / "disk.qcow2").write_bytes(bytes(5000))


def test_machines_of_this_computer_cannot_move(here, there, plain, tmp_path):
    make_qemu(here.store)
    why = 'Machine "vm" cannot move, since it is a virtual machine of the computer that made it, with its disk there'
    assert why in refused(here, "export", "web", "vm", "-o", tmp_path / "bundle", "--no-encrypt")
    files = files_of(plain.read_bytes())
    files["machines/web/config.json"] = files["machines/web/config.json"].replace(b'"none"', b'"qemu"')
    plain.write_bytes(make_bundle(files))
    assert "cannot move" in refused(there, "import", plain)


def copied(store, place):
    """A store copied by hand; where it was, nothing is left."""
    shutil.copytree(store, place)
    shutil.move(store, str(store) + ".gone")
    return place


def test_a_folder_that_was_copied(here, there, tmp_path):
    """A whole store, whose files speak of paths that are not on this computer."""
    make_qemu(here.store)
    folder = copied(here.store, tmp_path / "usb stick" / "machine")
    before = tree(folder)
    result = there.run("import", folder)
    assert result.code == 0 and result.out == 'Machine "web" is here now.\n', str(result)
    assert 'Machine "vm" cannot move' in result.err and "left out" in result.err
    assert works(there, "web") and works(there, "own")
    text = (there.store / "machines/web/config.json").read_text()
    assert str(here.home) not in text and str(folder) not in text and "/tmp/docker-machine-" not in text
    # A folder that the user has is the user's: the authority's key comes with it.
    assert len(list((there.store / "certs/authorities").rglob("ca-key.pem"))) == 1
    assert tree(folder) == before


@pytest.mark.parametrize("certs", ["beside", "above", "copies"])
def test_the_folder_of_one_machine(here, there, tmp_path, certs):
    """With the folder of certificates beside it, where the original has it, or with the copies in the machine's folder."""
    folder = tmp_path / "copy" / "machines" / "web"
    shutil.copytree(here.store / "machines" / "web", folder)
    if certs == "copies":
        for file in ("ca.pem", "cert.pem", "key.pem"):
            shutil.copy(here.store / "certs" / file, folder)
    else:
        shutil.copytree(here.store / "certs", folder.parent / "certs" if certs == "beside" else folder.parent.parent / "certs")
    shutil.rmtree(here.store / "machines")
    text = (folder / "config.json").read_text().replace(str(here.store), "C:\\\\Users\\\\bob\\\\.docker\\\\machine")
    (folder / "config.json").write_text(text)
    there("import", folder, "--as", "theirs")
    assert_whole(there.store, ["own", "theirs"])
    assert works(there, "theirs")
    assert "Users" not in (there.store / "machines/theirs/config.json").read_text()


def test_folders_that_are_none(there, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "neither a store nor a machine's folder" in refused(there, "import", tmp_path / "empty")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "config.json").write_text("{")
    refused(there, "import", tmp_path / "bad")
    (tmp_path / "none" / "machines").mkdir(parents=True)
    assert "no machine in it that can move" in refused(there, "import", tmp_path / "none")
    assert not list((tmp_path).glob("docker-machine-*"))


def test_backup_and_restore(binary, here, there, passphrase, tmp_path):
    make_qemu(here.store)
    (here.store / "remains").mkdir()
    (here.store / "remains" / "x.json").write_text("{}")
    (here.store / "store-id").write_text("0123456789abcdef\n")
    (here.store / "cache").mkdir()
    (here.store / "cache" / "image").write_bytes(bytes(100))
    (here.store / "machines" / ".web.new01234567").mkdir()
    file = tmp_path / "backup"
    saved = here.run("backup", "-o", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    assert saved.code == 0 and saved.out == "" and 'The disk of "vm" is not in the backup' in saved.err
    fresh = cli.DockerMachine(binary, tmp_path / "fresh")
    restored = fresh.run("restore", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    assert restored.code == 0 and restored.out == "Restored 2 machines.\n" and '"vm" is back without its disk' in restored.err
    wanted = {name: content for name, content in tree(here.store).items() if not name.endswith("disk.qcow2")}
    assert tree(fresh.store) == wanted
    assert_certificates(fresh.store)
    assert works(fresh, "web")
    assert "is not empty" in refused(fresh, "restore", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    assert "is not empty" in refused(there, "restore", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    # Into a store that has something, its machines are imported.
    merged = there.run("import", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)
    assert merged.code == 0 and 'Machine "vm" cannot move' in merged.err
    assert visible(there.store) == ["own", "web"] and works(there, "web") and works(there, "own")
    assert not [name for name in os.listdir(there.store) if name.startswith(".")]
    whole = file.read_bytes()
    empty = cli.DockerMachine(binary, tmp_path / "empty")
    empty.store.mkdir(parents=True)
    for content in (whole[:-1], whole + b"x", whole[:200] + b"x" + whole[201:]):
        file.write_bytes(content)
        refused(empty, "restore", file, "--passphrase-file", passphrase, limit=PASSPHRASE_LIMIT)


def test_a_backup_is_of_one_moment(here, tmp_path):
    """It waits for whoever changes the authority."""
    (here.store / "locks").mkdir(exist_ok=True)
    with open(here.store / "locks" / "certs.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = here.start("backup", "-o", tmp_path / "backup", "--no-encrypt")
        time.sleep(1)
        assert waiting.alive
        (here.store / "certs" / "ca.pem").write_text("a new one")
    result = waiting.finish()
    assert result.code == 0, str(result)
    assert files_of((tmp_path / "backup").read_bytes())["certs/ca.pem"] == b"a new one"


def test_restore_takes_backups_only(bare, plain):
    bare("rm", "-y", "web")
    shutil.rmtree(bare.store)
    bare.store.mkdir()
    assert 'is no backup of a store: "docker-machine import" takes it' in refused(bare, "restore", plain)
    assert "is empty" in refused(bare, "backup", "-o", bare.home / "x", "--no-encrypt")


def test_the_key_of_the_own_authority_comes_back(here, strace, tmp_path):
    """However often that is broken off: an authority whose certificate is here is never replaced."""
    here("export", "--ca", "-o", tmp_path / "authority", "--no-encrypt")
    certs = here.store / "certs"
    before = {name: (certs / name).read_bytes() for name in ("ca.pem", "ca-key.pem")}
    for step in range(1, 20):
        # Without the client's certificate the next command looks closely at the authority.
        for name in ("ca-key.pem", "cert.pem", "key.pem"):
            (certs / name).unlink(missing_ok=True)
        done = subprocess.run([strace, "-f", "-o", "/dev/null", "-e", "trace=rename", "-e", f"inject=rename:signal=KILL:when={step}",
                               here.binary, "import", tmp_path / "authority"], env=here.environment, capture_output=True,
                              text=True, timeout=60, check=False)
        here.run("create", "-d", "none", "--url", "tcp://127.0.0.1:1", f"next-{step}")
        assert (certs / "ca.pem").read_bytes() == before["ca.pem"]
        if done.returncode == 0:
            break
    assert_certificates(here.store)
    assert step > 1 and {name: (certs / name).read_bytes() for name in before} == before
    assert here("import", tmp_path / "authority") == "This authority is here already.\n"


def test_one_authority_for_two_computers(binary, here, there, tmp_path, make_engine):
    file = tmp_path / "authority"
    here("export", "--ca", "-o", file, "--no-encrypt")
    assert "Another authority signs for machines here (own)" in refused(there, "import", file)
    assert works(there, "own")
    assert here("import", file) == "This authority is here already.\n"
    fresh = cli.DockerMachine(binary, tmp_path / "fresh")
    fresh("import", file)
    assert_certificates(fresh.store)
    assert (fresh.store / "certs/ca.pem").read_bytes() == (here.store / "certs/ca.pem").read_bytes()
    assert (fresh.store / "certs/cert.pem").read_bytes() != (here.store / "certs/cert.pem").read_bytes()
    fresh("create", "-d", "none", "--url", make_engine(here.store).url, "theirs")
    fresh("env", "theirs")
    # An authority that nobody depends on gives way, and is kept.
    there("rm", "-y", "own")
    old = (there.store / "certs/ca-key.pem").read_bytes()
    there("import", file)
    assert_certificates(there.store)
    assert (there.store / "certs/ca.pem").read_bytes() == (here.store / "certs/ca.pem").read_bytes()
    assert [path.read_bytes() for path in (there.store / "certs/authorities").rglob("ca-key.pem")] == [old]
    files = files_of(file.read_bytes())
    files["authority/ca-key.pem"] = old
    file.write_bytes(make_bundle(files))
    assert "private key does not match public key" in refused(there, "import", file)
    assert "name no machines" in refused(here, "export", "--ca", "web", "-o", tmp_path / "x", "--no-encrypt")
    for flag in ("--with-ca-key", "--with-credentials"):
        assert "the authority alone, with its key" in refused(here, "export", "--ca", flag, "-o", tmp_path / "x", "--no-encrypt")
