"""Two computers, each with its own home, authority and machine, that exchange real machines both ways."""

import cli
import pytest
from computer import Computer

CREATE_LIMIT = 300
PASSPHRASE = b"correct horse battery staple\n"


@pytest.fixture
def computers(make_host, ssh_key):
    """Alice's and Bob's, with `web` and `db`, and the hosts of these."""
    binary = cli.binary_path()
    alice = Computer(make_host("docker"), binary, "admin", ssh_key)
    bob = Computer(make_host("docker"), binary, "root", ssh_key)
    hosts = make_host("docker"), make_host("docker")
    for computer, host, name in ((alice, hosts[0], "web"), (bob, hosts[1], "db")):
        computer("create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key",
                 f"{computer.home}/.ssh/id_ed25519", name, limit=CREATE_LIMIT)
    return alice, bob, hosts


def works(computer, name, real_name=None):
    """List, TLS with the real docker client, and SSH: all without another command before."""
    row = next(line for line in computer("ls").splitlines() if line.startswith(f"{name} ")).split()
    assert "Running" in row and row[-1].startswith("v20.10"), row
    assert computer.docker(name, "info --format '{{.Name}}'") == f"{real_name or name}\n"
    assert computer("ssh", name, "hostname") == f"{real_name or name}\n"
    return True


def test_two_computers_exchange_machines(computers):
    alice, bob, hosts = computers
    assert alice.read(".docker/machine/certs/ca.pem") != bob.read(".docker/machine/certs/ca.pem")
    containers = alice.docker("web", "ps --all --quiet")

    # To Bob in a file that a passphrase closes.
    for computer in (alice, bob):
        computer.write("passphrase", PASSPHRASE)
    alice("export", "web", "-o", "web.bundle", "--passphrase-file", "passphrase")
    bundle = alice.read("web.bundle")
    assert b"PRIVATE" not in bundle
    bob.write("web.bundle", bundle)
    assert bob("import", "web.bundle", "--passphrase-file", "passphrase") == 'Machine "web" is here now.\n'
    assert works(bob, "web") and works(bob, "db") and works(alice, "web")

    # To Alice over SSH, under another name.
    assert bob("export", "db", "--to", f"admin@{alice.host.address}", "--as", "db-of-bob") == 'Machine "db-of-bob" is here now.\n'
    assert works(alice, "db-of-bob", "db") and works(alice, "web") and works(bob, "db")
    assert alice.docker("web", "ps --all --quiet") == containers

    # The pinned host key came along, under the new name: another one is refused.
    hosts[1].change_host_key()
    refused = alice.run("ssh", "db-of-bob", "true")
    assert refused.returncode != 0 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr

    # What was changed on the way changes nothing.
    before = bob.shell("find .docker/machine -type f ! -path '*/locks/*' | sort | xargs sha256sum").stdout
    bob.write("bad.bundle", bundle[:-1])
    assert bob.run("import", "bad.bundle", "--passphrase-file", "passphrase", "--as", "x").returncode == 1
    assert bob.shell("find .docker/machine -type f ! -path '*/locks/*' | sort | xargs sha256sum").stdout == before


def test_whose_authority_signs(computers):
    """Without the authority's key nothing is touched; with it Bob renews for both; adopting locks Alice out."""
    alice, bob, hosts = computers
    alice("export", "web", "-o", "bundle", "--no-encrypt")
    bob.write("bundle", alice.read("bundle"))
    bob("import", "bundle")
    units = hosts[0].exec("sha256sum /etc/docker/*.pem; systemctl show -p MainPID docker").stdout
    for command in (["provision"], ["regenerate-certs", "-f"]):
        refused = bob.run(*command, "web")
        assert refused.returncode == 1 and "--adopt-ca web" in refused.stderr
    assert hosts[0].exec("sha256sum /etc/docker/*.pem; systemctl show -p MainPID docker").stdout == units

    alice("export", "web", "-o", "with-key", "--no-encrypt", "--with-ca-key")
    bob.write("with-key", alice.read("with-key"))
    assert bob("import", "with-key") == (
        'Machine "web" is here already.\nThe private key of the authority of "web" is here now.\n')
    assert works(bob, "web")

    bob("regenerate-certs", "-f", "web", limit=CREATE_LIMIT)
    assert works(bob, "web") and works(alice, "web")

    bob("regenerate-certs", "-f", "--adopt-ca", "web", limit=CREATE_LIMIT)
    assert works(bob, "web") and works(bob, "db")
    assert alice.run("env", "web").returncode == 1
    bob("export", "web", "--to", f"admin@{alice.host.address}", "--as", "web-again")
    assert works(alice, "web-again", "web")


def test_a_store_that_was_copied_by_hand(computers):
    """The folder of a computer that is gone, onto one that has an authority and a machine."""
    alice, bob, _ = computers
    alice.shell("tar -cf copy.tar -C .docker machine")
    bob.write("copy.tar", alice.read("copy.tar"))
    alice.host.remove()
    bob.shell("mkdir stick && tar -xf copy.tar -C stick")
    assert bob("import", "stick/machine") == 'Machine "web" is here now.\n'
    bob.shell("rm -r stick")
    assert works(bob, "web") and works(bob, "db")
    bob("provision", "web", limit=CREATE_LIMIT)
    assert works(bob, "web")


def test_backup_to_a_new_computer(computers, make_host, ssh_key):
    alice, _, _ = computers
    alice.write("passphrase", PASSPHRASE)
    alice("backup", "-o", "backup", "--passphrase-file", "passphrase")
    new = Computer(make_host("docker"), cli.binary_path(), "root", ssh_key)
    new.write("backup", alice.read("backup"))
    new.write("passphrase", PASSPHRASE)
    assert new("restore", "backup", "--passphrase-file", "passphrase") == "Restored 1 machine.\n"
    assert works(new, "web")
    new("provision", "web", limit=CREATE_LIMIT)
    assert works(new, "web") and works(alice, "web")
