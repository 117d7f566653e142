"""What `access` refuses before it asks any host."""

import pytest

from store import add_machine, free_port, generic, refusing_url


@pytest.fixture
def machines(docker_machine):
    """`none`, without SSH, and `off`, where nobody listens."""
    add_machine(docker_machine.store, "none", refusing_url())
    add_machine(docker_machine.store, "off", refusing_url(), generic(free_port()))
    (docker_machine.home / "there").write_text("mine")
    (docker_machine.home / "no-key.pub").write_text("ssh-ed25519 nonsense\n")
    return docker_machine


@pytest.mark.parametrize("words, message", [
    (["off", "--grant", "bob", "--revoke", "bob"], "--grant, --revoke and --list exclude each other"),
    (["off", "--list", "--revoke", "bob"], "exclude each other"),
    (["off", "-o", "file"], "go with --grant WHO"),
    (["off", "--revoke", "bob", "--public-key", "there"], "go with --grant WHO"),
    (["off", "--revoke", "bob", "--format", "json"], "--format goes with --list"),
    (["off", "--stop-containers"], "--stop-containers goes with --grant and --revoke"),
    (["off", "--format", "xml"], 'Unknown format "xml"'),
    (["off", "none"], "Expected one machine name"),
    ([], 'no "default" machine exists'),
    (["nowhere"], 'Docker machine "nowhere" does not exist.'),
    (["off", "--grant", "b ob", "-o", "file"], '"b ob" cannot name a person'),
    (["off", "--revoke", "-x"], '"-x" cannot name a person'),
    (["off", "--grant", "bob"], "Say where to write it: -o FILE"),
    (["off", "--grant", "bob", "-o", "there"], "there exists already"),
    (["off", "--grant", "bob", "-o", "file", "--no-encrypt", "--passphrase-file", "there"], "exclude each other"),
    (["off", "--grant", "bob", "-o", "file", "--public-key", "no-key.pub"], "no-key.pub: it holds a line that is no public SSH key"),
    (["off", "--grant", "bob", "-o", "file", "--public-key", "missing"], "open missing: no such file or directory"),
    (["none"], 'has the driver "none", which gives no SSH access'),
    (["none", "--grant", "bob", "-o", "file", "--no-encrypt"], 'has the driver "none", which gives no SSH access'),
    (["off"], 'Machine "off" does not run'),
    (["off", "--grant", "bob", "-o", "file", "--no-encrypt"], 'Machine "off" does not run'),
    (["off", "--revoke", "bob"], 'Machine "off" does not run'),
])
def test_what_cannot_be(machines, words, message):
    refused = machines.run("access", *words)
    assert refused.code == 1 and message in refused.err, refused
    assert not (machines.home / "file").exists() and (machines.home / "there").read_text() == "mine"
