"""What programs read as JSON, and filters by regular expression."""

import json

import pytest

from store import add_machine, refusing_url


def test_ls_as_json(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "b-up", engine.url)
    add_machine(docker_machine.store, "a-down", refusing_url())
    broken = docker_machine.store / "machines" / "c-broken"
    broken.mkdir()
    rows = json.loads(docker_machine("ls", "--format", "json"))
    assert [row["Name"] for row in rows] == ["a-down", "b-up", "c-broken"]
    by_template = docker_machine("ls", "--format", "{{.Name}}|{{.Active}}|{{.DriverName}}|{{.State}}|{{.URL}}|{{.DockerVersion}}")
    assert by_template.splitlines() == ["|".join(row[key] for key in ("Name", "Active", "DriverName", "State", "URL", "DockerVersion"))
                                        for row in rows]
    assert rows[1]["State"] == "Running" and rows[1]["DockerVersion"].startswith("v")
    assert rows[1]["EngineOptions"]["InstallURL"] == "https://get.docker.com"
    assert rows[1]["SwarmOptions"]["Image"] == "swarm:latest" and rows[1]["ResponseMilliseconds"] >= 0
    assert rows[2]["State"] == "Error" and "no such file" in rows[2]["Error"] and rows[2]["EngineOptions"] is None
    filtered = json.loads(docker_machine("ls", "--format", "json", "--filter", "name=^a", "--filter", "name=^b"))
    assert [row["Name"] for row in filtered] == ["a-down", "b-up", "c-broken"]
    assert docker_machine("ls", "-q", "--format", "json", "--filter", "name=^b") == "b-up\n"


def test_an_empty_list_is_one(bare):
    assert json.loads(bare("ls", "--format", "json")) == []


def test_status_and_version_as_json(docker_machine, make_engine):
    engine = make_engine(docker_machine.store)
    add_machine(docker_machine.store, "up", engine.url)
    assert json.loads(docker_machine("status", "--format", "json", "up")) == {"Name": "up", "State": "Running"}
    version = json.loads(docker_machine("version", "up", "-f", "json"))
    assert version["Name"] == "up" and version["Version"] == docker_machine("version", "up").strip()
    ours = json.loads(docker_machine("version", "--format", "json"))
    assert docker_machine("version") == f"docker-machine version {ours['Version']}, build {ours['Commit']}\n"
    for command in ("status", "version"):
        wrong = docker_machine.run(command, "--format", "yaml", "up")
        assert wrong.code == 1 and wrong.err == 'Unknown format "yaml": there is "json"\n'


@pytest.mark.parametrize("expression, found", [
    ("web", ["my-web", "web-1"]), ("^web", ["web-1"]), ("(?i)WEB-\\d+$", ["web-1"]), ("^(db|web)-[[:digit:]]", ["db-2", "web-1"]),
    ("\\Aweb", ["web-1"]), ("(a*)*b$", ["my-web"]), ("", ["db-2", "my-web", "web-1"])])
def test_names_are_filtered_as_go_does(docker_machine, expression, found):
    for name in ("web-1", "my-web", "db-2"):
        add_machine(docker_machine.store, name, refusing_url())
    assert docker_machine("ls", "-q", "--filter", f"name={expression}").split() == found


@pytest.mark.parametrize("expression, fault", [
    ("[", "missing closing ]: `[`"), ("a(b", "missing closing ): `a(b`"), ("a)b", "unexpected ): `a)b`"),
    ("*", "missing argument to repetition operator: `*`"), ("a**", "invalid nested repetition operator: `**`"),
    ("a{2000}", "invalid repeat count: `{2000}`"), ("\\", "trailing backslash at end of expression: ``"),
    ("\\y", "invalid escape sequence: `\\y`"), ("[z-a]", "invalid character class range: `z-a`"),
    ("(?<n>x)", "invalid or unsupported Perl syntax: `(?<`"), ("(?=x)", "invalid or unsupported Perl syntax: `(?=`")])
def test_a_wrong_expression_is_told_in_gos_words(docker_machine, expression, fault):
    """The texts of Go 1.19's regexp/syntax."""
    refused = docker_machine.run("ls", "--filter", f"name={expression}")
    assert (refused.code, refused.err) == (1, f"error parsing regexp: {fault}\n")
