"""Commands on machines by name: `rm`, several machines, the default one, and failures that leave the rest alone."""

import pytest

from store import add_machine, config_file, refusing_url, visible

UNKNOWN = ('Docker machine "{}" does not exist. Use "docker-machine ls" to list machines. Use "docker-machine create" to add a new '
           "one.")
QUESTION = "Are you sure? (y/n): "
WARNING = "WARNING: This action will delete both local reference and remote instance."


@pytest.fixture
def machines(docker_machine):
    """The program with three none machines, called a, b and c."""
    for name in "abc":
        add_machine(docker_machine.store, name, refusing_url())
    return docker_machine


def make_foreign(store, name="foreign"):
    """A machine whose driver is not there, so that nothing can be done to it."""

    def change(document):
        document["DriverName"] = "nosuch"
        document["Driver"]["Secret"] = {"kept": [1, 2]}

    return add_machine(store, name, refusing_url(), change)


@pytest.mark.parametrize("answer, removed", [("y\n", True), ("Yes\n", True), ("yes please\n", True), ("n\n", False), ("x\n", False),
                                             ("\n", False), ("", False), ("y", True)])
def test_rm_asks(machines, answer, removed):
    result = machines.run("rm", "b", input=answer)
    assert result.code == 0 and result.err == ""
    assert result.out.startswith(f"About to remove b\n{WARNING}\n{QUESTION}")
    assert ("Successfully removed b\n" in result.out) == removed
    assert visible(machines.store) == (["a", "c"] if removed else ["a", "b", "c"])


@pytest.mark.parametrize("flag", ["-y", "-f", "--force"])
def test_rm_without_asking(machines, flag):
    result = machines.run("rm", flag, "c", "a")
    assert result.code == 0 and result.err == ""
    assert result.out == f"About to remove c, a\n{WARNING}\nSuccessfully removed c\nSuccessfully removed a\n"
    assert visible(machines.store) == ["b"]
    assert {entry.name for entry in (machines.store / "machines").iterdir()} == {"b"}


def test_rm_on_a_terminal(machines):
    with machines.terminal("rm", "a") as terminal:
        terminal.expect(r"Are you sure\? \(y/n\): ")
        terminal.send("y\r")
        terminal.expect("Successfully removed a")
        assert terminal.finish(10) == 0
    assert visible(machines.store) == ["b", "c"]


def test_interrupted_question_removes_nothing(machines):
    with machines.terminal("rm", "a") as terminal:
        terminal.expect(r"Are you sure\? \(y/n\): ")
        terminal.send("\x03")
        assert terminal.finish(5) != 0
    assert visible(machines.store) == ["a", "b", "c"]


def test_rm_needs_names(machines):
    add_machine(machines.store, "default", refusing_url())
    result = machines.run("rm")
    assert result.code == 1 and result.err == "Error: Expected to get one or more machine names as arguments\n"
    assert result.out.startswith("Usage: docker-machine rm [OPTIONS] [arg...]\n")
    assert "default" in visible(machines.store)


def test_rm_goes_on_after_a_failure(machines):
    foreign = make_foreign(machines.store)
    before = foreign.read_bytes()
    result = machines.run("rm", "-y", "a", "nosuch", "foreign", "c")
    assert result.code == 1
    assert "Successfully removed a\nSuccessfully removed c\n" in result.out
    first, second = result.err.splitlines()
    assert first == 'Error removing host "nosuch": ' + UNKNOWN.format("nosuch")
    assert second.startswith('Error removing host "foreign": Driver "nosuch" not found.')
    assert visible(machines.store) == ["b", "foreign"] and foreign.read_bytes() == before


def test_rm_by_force(machines):
    make_foreign(machines.store)
    (machines.store / "machines" / "broken").mkdir()
    config_file(machines.store, "b").write_text("{")
    result = machines.run("rm", "-f", "foreign", "nosuch", "broken", "b", "a")
    assert result.code == 0
    for name in ("foreign", "broken", "b", "a"):
        assert f"Successfully removed {name}\n" in result.out
    assert "Successfully removed nosuch" not in result.out
    assert 'Can\'t remove "nosuch"\n' in result.err
    assert visible(machines.store) == ["c"]


@pytest.mark.parametrize("name", ["..", ".", "", "../certs", "a/../../certs", "/"])
def test_rm_never_leaves_the_folder_of_machines(machines, name):
    before = sorted(path.as_posix() for path in machines.store.rglob("*"))
    machines.run("rm", "-f", name)
    result = machines.run("rm", "-y", name)
    assert result.code == 1 and "does not exist" in result.err
    after = sorted(path.as_posix() for path in machines.store.rglob("*") if "/locks" not in path.as_posix())
    assert after == before


@pytest.mark.parametrize("command, done", [("start", "already running"), ("stop", "stopped"), ("restart", "restarted"),
                                           ("kill", "killed")])
def test_power_of_a_host_without_a_driver(machines, command, done):
    result = machines.run(command, "a")
    assert result.code == 1
    if command == "start":  # a none machine counts as running
        assert result.err == 'Machine "a" is already running.\n'
    else:
        assert result.err == f"hosts without a driver cannot be {done}\n"
    assert result.out == {"start": "Starting", "stop": "Stopping", "restart": "Restarting", "kill": "Killing"}[command] + ' "a"...\n'


def test_every_failure_of_several_machines_is_told(machines):
    result = machines.run("stop", "a", "b", "c")
    assert result.code == 1
    assert result.err.splitlines() == ["hosts without a driver cannot be stopped"] * 3
    assert sorted(result.out.splitlines()) == [f'Stopping "{name}"...' for name in "abc"]


@pytest.mark.parametrize("command", ["ip", "kill", "provision", "regenerate-certs -f", "restart", "start", "stop", "upgrade"])
def test_nothing_is_done_if_a_name_is_unknown(machines, command):
    result = machines.run(*command.split(), "a", "x", "b", "y")
    assert result.code == 1
    assert result.out == ("Regenerating TLS certificates\n" if command.startswith("regenerate") else "")
    assert sorted(result.err.splitlines()) == [UNKNOWN.format("x"), UNKNOWN.format("y")]


@pytest.mark.parametrize("words", [["config"], ["env"], ["inspect"], ["ip"], ["kill"], ["provision"], ["regenerate-certs", "-f"],
                                   ["restart"], ["ssh"], ["start"], ["status"], ["stop"], ["upgrade"], ["url"], ["version"]])
def test_unknown_machine(machines, words):
    result = machines.run(*words, "x")
    assert result.code == 1 and result.err.splitlines()[-1].endswith(UNKNOWN.format("x"))
    assert 'Docker machine "x" does not exist' not in result.out


@pytest.mark.parametrize("words", [["config"], ["env"], ["inspect"], ["ip"], ["kill"], ["provision"], ["regenerate-certs", "-f"],
                                   ["restart"], ["ssh"], ["start"], ["status"], ["stop"], ["upgrade"], ["url"]])
def test_no_name_and_no_default(machines, words):
    result = machines.run(*words)
    assert result.code == 1
    assert result.err == 'Error: No machine name(s) specified and no "default" machine exists\n'


def test_default_machine(machines):
    add_machine(machines.store, "default", "tcp://127.0.0.9:1")
    assert machines("url") == "tcp://127.0.0.9:1\n"
    assert machines("ip") == "127.0.0.9:1\n"
    assert machines("status") == "Running\n"
    assert machines("inspect", "-f", "{{.Name}}") == "default\n"
    assert machines.run("stop").out == 'Stopping "default"...\n'
    assert '"127.0.0.9:1": dial tcp' in machines.run("env").err
    assert machines("version").startswith("docker-machine version ")


@pytest.mark.parametrize("command", [["provision"], ["regenerate-certs", "-f"], ["ssh"]])
def test_hosts_without_ssh_are_refused_at_once(machines, command):
    """The original waits minutes for an SSH server that it has no address of."""
    result = machines.run(*command, "a", limit=5)
    assert result.code == 1 and '"a" has the driver "none", which gives no SSH access' in result.err


@pytest.mark.parametrize("answer, code, message", [("n\n", 0, ""), ("\n", 1, "unexpected newline\n"), ("", 1, "EOF\n"),
                                                   ("yes please\n", 1, "expected newline\n"), ("maybe", 0, "")])
def test_regenerate_certs_asks(machines, answer, code, message):
    result = machines.run("regenerate-certs", "a", input=answer)
    assert (result.code, result.err) == (code, message)
    assert result.out == "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): "


def test_foreign_driver(machines):
    file = make_foreign(machines.store)
    before = file.read_bytes()
    shown = machines("inspect", "foreign")
    assert '"DriverName": "nosuch"' in shown and '"Secret": {' in shown
    for command in ("start", "stop", "kill", "status", "url", "ip", "env", "config", "rm -y"):
        result = machines.run(*command.split(), "foreign")
        assert result.code == 1 and 'Driver "nosuch" not found.' in result.err, str(result)
    assert file.read_bytes() == before


def test_no_file_and_no_json(machines):
    config_file(machines.store, "a").unlink()
    result = machines.run("status", "a")
    assert (result.code, result.err) == (1, f"open {config_file(machines.store, 'a')}: no such file or directory\n")
    for text in ("", "{", "[]", "null", "nonsense"):
        config_file(machines.store, "b").write_text(text)
        result = machines.run("url", "b")
        assert result.code == 1 and result.err.startswith("Error getting migrated host: "), str(result)
        assert "exception" not in result.err
    for text, fault in (("", "unexpected end of JSON input"), ('{"Name":', "unexpected end of JSON input"),
                        ("nonsense", "invalid character 'o' at line 1, column 2"),
                        ('{\n  "Name": "b",\n}', "invalid character '}' at line 3, column 1")):
        config_file(machines.store, "b").write_text(text)
        assert machines.run("url", "b").err == f"Error getting migrated host: {fault}\n"
    assert machines("url", "c") == refusing_url() + "\n"


@pytest.mark.parametrize("key", ["Driver", "HostOptions", "DriverName"])
@pytest.mark.parametrize("value", [None, "text", 5, []])
def test_odd_values_are_an_error_at_most(machines, key, value):
    def change(document):
        document[key] = value

    file = add_machine(machines.store, "odd", refusing_url(), change)
    before = file.read_bytes()
    for command in ("inspect", "url", "ip", "status", "version"):
        result = machines.run(command, "odd")
        assert result.code in (0, 1) and "Unexpected" not in result.err, str(result)
    listed = machines("ls")
    assert "\nodd " in listed and "\na " in listed
    assert file.read_bytes() == before


@pytest.mark.parametrize("part", ["EngineOptions", "SwarmOptions", "AuthOptions"])
def test_missing_options(machines, part):
    def change(document):
        document["HostOptions"][part] = None

    add_machine(machines.store, "less", refusing_url(), change)
    assert machines("url", "less") == refusing_url() + "\n"
    assert f'"{part}": null' in machines("inspect", "less")
    assert "\nless " in machines("ls")
    assert machines("ls", "--format", "{{.Name}}{{with .SwarmOptions}}{{.Master}}{{end}}", "--filter", "name=less").startswith("less")


def test_copying_needs_two_places(machines):
    result = machines.run("scp", "a:/x")
    assert result.code == 1 and result.err == "Improper number of arguments\n"
    assert result.out.startswith("Usage: docker-machine scp ")


def test_power_only_where_it_makes_sense(machines):
    """`restart` of several: each failure on a line of its own, and the closing line only after success."""
    result = machines.run("restart", "a", "b")
    assert result.code == 1 and sorted(result.err.splitlines()) == ["hosts without a driver cannot be restarted"] * 2
    assert "may have new IP addresses" not in result.out


def test_regenerate_certs_accepts_any_word_with_y(machines):
    result = machines.run("regenerate-certs", "a", input="Yes\n")
    assert result.code == 1 and "gives no SSH access" in result.err
    assert result.out.endswith("(y/n): Regenerating TLS certificates\n")


def test_keys_of_a_record_in_any_case(machines):
    """A file that was written by hand: it is understood, and stays as it was written."""
    file = config_file(machines.store, "a")
    text = file.read_text()
    for key, other in (("DriverName", "driverName"), ("HostOptions", "hostoptions"), ("EngineOptions", "ENGINEOPTIONS"),
                       ("Labels", "labels"), ("URL", "url"), ("IPAddress", "ipaddress"), ("ConfigVersion", "configVersion")):
        text = text.replace(f'"{key}":', f'"{other}":')
    text = text.replace('"labels": []', '"labels": ["x=y"]').replace("tcp://127.0.0.1:1", "tcp://127.0.0.7:1")
    file.write_text(text)
    assert machines("url", "a") == "tcp://127.0.0.7:1\n"
    assert machines("ls", "-q", "--filter", "label=x=y", "--filter", "driver=none") == "a\n"
    machines.run("env", "a")  # nobody answers there: the driver is asked, and saved
    saved = file.read_text()
    assert '"url": "tcp://127.0.0.7:1"' in saved and '"URL"' not in saved and '"DriverName"' not in saved


def test_the_folder_names_the_machine(machines):
    """Whatever its file says, which may be a copy."""
    file = config_file(machines.store, "copy")
    file.parent.mkdir()
    file.write_bytes(config_file(machines.store, "a").read_bytes())
    assert machines("inspect", "copy", "-f", "{{.Name}}") == "copy\n"
    assert machines("ls", "-q", "--filter", "name=copy") == "copy\n"
    machines("rm", "-y", "copy")
    assert visible(machines.store) == ["a", "b", "c"]
