"""A machine of a cloud that moves to another store belongs to that one at its provider too."""

import shutil

import cli
import pytest
from digitalocean_cloud import until
from droplets import authorize, cloud, left, make_do_trace, make_subject as make_do_subject  # noqa: F401 fixtures


@pytest.fixture
def elsewhere(tmp_path, docker_machine):
    """The program on another computer, with a machine and an authority of its own."""
    other = cli.DockerMachine(docker_machine.binary, tmp_path / "elsewhere")
    other("create", "--driver", "none", "--url", "tcp://192.0.2.1:2376", "own")
    return other


def hand_over(subject, elsewhere, tmp_path):
    """Moves the subject's machine, which has no host, and forgets it where it was; the file that carried it."""
    subject.up_to_ssh()
    here = subject.docker_machine
    # Its creation was broken off because nobody answers for it; otherwise it is whole.
    (here.store / "machines" / subject.name / "notes.json").unlink()
    bundle = tmp_path / "bundle"
    here("export", "--no-encrypt", "--with-credentials", "-o", str(bundle), subject.name)
    elsewhere("import", str(bundle))
    shutil.rmtree(here.store / "machines" / subject.name)
    return bundle


def store_id(machine):
    return (machine.store / "store-id").read_text().strip()


def test_an_instance_gets_the_other_stores_tags(subject, moto, elsewhere, tmp_path):
    bundle = hand_over(subject, elsewhere, tmp_path)
    assert bundle.stat().st_mode & 0o777 == 0o600  # credentials are in it
    assert moto.instance(subject.name)["tags"]["docker-machine:store"] == store_id(elsewhere) != store_id(subject.docker_machine)
    account = ("--driver", "amazonec2", *subject.words[subject.words.index("--driver") + 2:])
    assert subject.docker_machine("orphans", *account) == ""  # it is nobody's there
    assert elsewhere("orphans") == "" and elsewhere("ls", "-q", "--filter", "driver=amazonec2") == f"{subject.name}\n"
    elsewhere("rm", "-y", subject.name, limit=120)
    assert moto.left() == []


def test_a_droplet_gets_the_other_stores_tags(cloud, make_do_trace, docker_machine, ssh_door, elsewhere, tmp_path):
    authorize(docker_machine, cloud.url)
    subject = make_do_subject(cloud, make_do_trace(cloud), docker_machine, ssh_door)
    hand_over(subject, elsewhere, tmp_path)
    [droplet] = cloud.left()["droplets"]
    assert f"docker-machine-store:{store_id(elsewhere)}" in droplet["tags"], droplet
    assert f"docker-machine-store:{store_id(docker_machine)}" not in droplet["tags"]
    until(lambda: docker_machine("orphans", "--driver", "digitalocean") == "")  # filters by tag lag behind
    assert elsewhere("orphans") == ""
    elsewhere("rm", "-y", subject.name, limit=120)
    assert left(cloud) == []


def test_without_credentials_it_stays_tagged_and_says_so(subject, moto, elsewhere, tmp_path):
    subject.up_to_ssh()
    (subject.docker_machine.store / "machines" / subject.name / "notes.json").unlink()
    bundle = tmp_path / "bundle"
    subject.docker_machine("export", "--no-encrypt", "-o", str(bundle), subject.name)
    assert moto.secret_key.encode() not in bundle.read_bytes()
    imported = elsewhere.run("import", str(bundle))
    assert imported.code == 0 and ("amazonec2" in imported.err.lower() or "tag" in imported.err.lower()), str(imported)
    assert moto.instance(subject.name)["tags"]["docker-machine:store"] == store_id(subject.docker_machine)
    subject.docker_machine("rm", "-y", subject.name, limit=120)
    assert moto.left() == []
