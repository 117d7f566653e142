"""Certificates as the command line shows them, without any host."""

import json
import re

import pytest

from store import add_machine, config_of, refusing_url


def names_of(text):
    """The first words of a table's lines."""
    return [re.split(r"  +", line) for line in text.splitlines()]


def test_a_store_without_certificates_has_none_to_show(bare):
    assert bare("certs").split() == ["MACHINE", "CERTIFICATE", "SUBJECT", "NAMES", "ISSUER", "EXPIRES", "PROBLEMS"]
    assert json.loads(bare("certs", "--format", "json")) == []
    assert not bare.store.exists()


def test_all_is_shown_and_all_is_well(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url())
    lines = names_of(docker_machine("certs"))
    assert [line[1:3] for line in lines[1:]] == [["ca", "unknown"], ["client", "unknown.<bootstrap>"]]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", line[4].strip()) for line in lines[1:])
    assert docker_machine("certs", "a") == docker_machine("certs")
    assert docker_machine("certs", "-f", "{{.Kind}} {{.Issuer}} {{.DaysLeft}} {{.Problems}}") == (
        "ca unknown 1079 \nclient unknown 1079 \n")
    assert docker_machine("certs", "-f", r"table {{.Kind}}\t{{.File}}").splitlines()[0].split() == ["CERTIFICATE", "FILE"]
    first = json.loads(docker_machine("certs", "--format", "json"))[0]
    assert list(first) == ["Machine", "Kind", "File", "Subject", "Names", "Issuer", "ValidFrom", "Expires", "DaysLeft", "Problems"]
    assert (first["File"], first["Names"], first["Problems"]) == (str(docker_machine.store / "certs" / "ca.pem"), [], [])


def test_problems_are_told_and_counted_in_the_exit_code(docker_machine):
    certs = docker_machine.store / "certs"
    (certs / "key.pem").chmod(0o640)
    result = docker_machine.run("certs")
    assert result.code == 1 and result.err == ""
    assert result.out.endswith(f"others than its owner may use the key {certs}/key.pem (mode 0640)\n")
    (certs / "cert.pem").unlink()
    (certs / "ca.pem").write_text("nonsense")
    rows = json.loads(docker_machine.run("certs", "--format", "json").out)
    assert [(row["Kind"], row["Problems"], row["Expires"], row["DaysLeft"]) for row in rows] == [
        ("ca", ["Failed to decode PEM data"], "", 0), ("client", ["is missing"], "", 0)]


@pytest.mark.parametrize("words, message", [
    (["nowhere"], 'Docker machine "nowhere" does not exist.'), (["-f", "{{"], "template"), (["-f", "{{.Nope}}"], "Nope")])
def test_what_cannot_be_shown(docker_machine, words, message):
    result = docker_machine.run("certs", *words)
    assert result.code == 1 and message in result.err and result.out == ""


def test_a_machine_that_cannot_be_loaded_is_a_row(docker_machine):
    add_machine(docker_machine.store, "a", refusing_url()).write_text("{")
    result = docker_machine.run("certs", "--format", "json")
    assert result.code == 1
    assert [row["Machine"] for row in json.loads(result.out)] == ["", "", "a"]


def test_ls_and_env_speak_of_it_in_one_line_and_nobody_else(docker_machine):
    for name in ("a", "b"):
        add_machine(docker_machine.store, name, refusing_url())
    before, later = docker_machine("ls"), docker_machine.at(days=1060)
    listed = later.run("ls")
    assert (listed.code, listed.out) == (0, before)
    assert re.fullmatch(r"Certificates that end within 30 days: the authority \(20\S+\), the client \(20\S+\); renew with "
                        r"docker-machine regenerate-certs --ca\n", listed.err)
    assert later.run("env", "a").err.startswith(listed.err)
    for silent in (["ls", "-q"], ["inspect", "a"], ["url", "a"], ["ip", "a"], ["status", "a"], ["env", "-u"], ["active"]):
        assert "Certificates" not in later.run(*silent).err
    assert "ended on 20" in docker_machine.at(days=1081).run("ls").err
    assert docker_machine.run("ls").err == ""


def test_the_authority_of_all_machines_is_replaced(docker_machine):
    """Nobody can reach into an engine without SSH: its machine keeps what it has."""
    certs = docker_machine.store / "certs"
    before = {file.name: file.read_bytes() for file in certs.iterdir()}
    add_machine(docker_machine.store, "a", refusing_url())
    for wrong in (["--ca", "a"], ["--ca", "--tls-san", "x"]):
        refused = docker_machine.run("regenerate-certs", "-f", *wrong)
        assert refused.code == 1 and refused.err == "--ca concerns all machines: it takes no names, and no --tls-san\n"
    for flag, words in (("--client-certs", "leave out --client-certs"), ("--adopt-ca", "is for one imported machine")):
        refused = docker_machine.run("regenerate-certs", "--ca", flag)
        assert refused.code == 1 and words in refused.err and refused.out == "", "before anything is asked"
    assert {file.name: file.read_bytes() for file in certs.iterdir()} == before
    shown = docker_machine("regenerate-certs", "-f", "--ca").splitlines()
    assert shown[1] == '"a" keeps the old certificates: its engine is looked after by somebody else'
    assert shown[-1] == "The certificate authority was replaced."
    assert sorted(file.name for file in certs.iterdir()) == sorted(before)
    assert all((certs / name).read_bytes() != content for name, content in before.items())
    folder = docker_machine.store / "machines" / "a"
    assert [(folder / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem")] == [
        before[name] for name in ("ca.pem", "cert.pem", "key.pem")]
    auth = config_of(docker_machine.store, "a")["HostOptions"]["AuthOptions"]
    assert (auth["CaCertPath"], auth["ClientCertPath"], auth["ClientKeyPath"]) == tuple(
        str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    rows = json.loads(docker_machine("certs", "--format", "json"))
    assert [(row["Machine"], row["Kind"]) for row in rows] == [("", "ca"), ("", "client"), ("a", "ca"), ("a", "client")]
    # Once more: the machine apart is not touched again.
    docker_machine("regenerate-certs", "-f", "--ca")
    assert (folder / "ca.pem").read_bytes() == before["ca.pem"]


def test_an_authority_without_its_key_is_not_replaced(docker_machine):
    (docker_machine.store / "certs" / "ca-key.pem").unlink()
    refused = docker_machine.run("regenerate-certs", "-f", "--ca")
    assert refused.code == 1 and "the authority can be replaced only where its key is" in refused.err
